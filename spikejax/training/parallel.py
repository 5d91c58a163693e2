"""The one place where a step is spread over devices: by `pmap`, or by `jit` over a mesh.

Both give the numbers of one device, up to the order of additions.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

AXIS = "data"


@dataclasses.dataclass(frozen=True)
class Parallel:
    """How steps and batches are spread.

    Attributes:
        mode: 'one' device, 'pmap' (a step for each device, averaged explicitly) or 'jit' (one step
            over a mesh, which the compiler divides).
        mesh: of all devices of all processes, with one axis, `data`.
    """

    mode: str
    mesh: jax.sharding.Mesh

    @property
    def axis_name(self) -> str | None:
        """The mapped axis that steps and tasks average over."""
        return AXIS if self.mode == "pmap" else None

    @property
    def devices(self) -> int:
        """How many devices there are, over all processes."""
        return self.mesh.size

    def step(self, step: Callable[..., Any]) -> Callable[[Any, Any, Any], Any]:
        """Compiles `step(state, batch, key, axis_name=...) -> (state, scalars)`.

        The state that goes in is given up: only the one that comes out may be used.
        """
        if self.mode == "pmap":

            def mapped(state: Any, batch: Any, key: Any) -> Any:
                return step(state, batch, key, axis_name=AXIS)

            return jax.pmap(
                mapped, AXIS, in_axes=(None, 0, None), out_axes=(None, None), donate_argnums=0
            )
        return jax.jit(step, donate_argnums=0, static_argnames="axis_name")

    def evaluate(self, function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """Compiles `function(variables, batch) -> arrays`, with the means over the examples.

        The arrays that come out have a leading axis of examples; all processes get their means.
        """

        def means(variables: Any, batch: Any) -> Any:
            return jax.tree.map(lambda x: x.mean(), function(variables, batch))

        if self.mode == "pmap":

            def mapped(variables: Any, batch: Any) -> Any:
                return jax.lax.pmean(means(variables, batch), AXIS)

            return jax.pmap(mapped, AXIS, in_axes=(None, 0), out_axes=None)
        return jax.jit(means)

    def spread(self, batch: Any) -> Any:
        """Puts this process's part of a batch onto its devices."""
        if self.mode == "one":
            return jax.device_put(batch)
        if self.mode == "pmap":
            count = jax.local_device_count()
            return jax.tree.map(lambda x: x.reshape(count, -1, *x.shape[1:]), batch)
        sharding = NamedSharding(self.mesh, PartitionSpec(AXIS))
        if jax.process_count() == 1:
            return jax.device_put(batch, sharding)
        return jax.tree.map(
            lambda x: jax.make_array_from_process_local_data(sharding, np.asarray(x)), batch
        )

    def replicate(self, tree: Any) -> Any:
        """Puts the same values onto all devices."""
        if self.mode == "one":
            return jax.device_put(tree)
        sharding = NamedSharding(self.mesh, PartitionSpec())
        if jax.process_count() == 1:
            return jax.device_put(tree, sharding)
        return jax.tree.map(
            lambda x: jax.make_array_from_process_local_data(sharding, np.asarray(x)), tree
        )

    def replicated(self, abstract: Any) -> Any:
        """Adds to shapes that the same values stand on all devices."""
        sharding = NamedSharding(self.mesh, PartitionSpec())
        return jax.tree.map(
            lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), abstract
        )

    def describe(self) -> str:
        """How many devices of which kind, in words."""
        kind = jax.devices()[0].device_kind
        if self.mode == "one":
            return f"one device ({kind})"
        return f"{self.devices} devices ({kind}) by {self.mode}"


def create(mode: str, *, batch_size: int, accumulate: int = 1) -> Parallel:
    """Chooses how to spread over all devices that there are.

    Args:
        mode: 'pmap' or 'jit'; with one device both are a plain jit.
        batch_size: examples a step, over all devices of all processes.
        accumulate: parts into which each device cuts its share.

    Returns:
        A `Parallel`.

    Raises:
        ValueError: if there is no such mode, or the batch does not divide evenly.
    """
    if mode not in ("pmap", "jit"):
        raise ValueError(f"parallel is {mode!r}, expected 'pmap' or 'jit'")
    count = jax.device_count()
    if batch_size < 1 or accumulate < 1 or batch_size % (count * accumulate):
        raise ValueError(
            f"batch_size is {batch_size}, expected a multiple of {count * accumulate} "
            f"({count} devices times accumulate = {accumulate})"
        )
    mesh = jax.make_mesh((count,), (AXIS,), axis_types=(AxisType.Auto,))
    return Parallel("one" if count == 1 else mode, mesh)
