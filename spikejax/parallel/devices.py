"""Distribution of a step over devices, by `pmap` or by `jit` over a mesh.

Both give the numbers of one device, up to the order of additions.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

AXIS = "data"


@dataclasses.dataclass(frozen=True)
class Parallel:
    """A distribution of steps, states and batches over devices.

    Attributes:
        mode: 'one' (a single device), 'pmap' (one step per device, averaged explicitly) or 'jit'
            (one step over a mesh, divided by the compiler).
        mesh: mesh of all devices of all processes, with one axis, `data`.
        own: mesh of the devices of this process, with the same axis.
    """

    mode: str
    mesh: Mesh
    own: Mesh

    @property
    def axis_name(self) -> str | None:
        """Mapped axis that steps and tasks average over; None if there is none."""
        return AXIS if self.mode == "pmap" else None

    @property
    def alone(self) -> bool:
        """Whether nothing else may be computed during a step, which is then waited for.

        CPU devices that wait for one another within a step block threads of one shared pool.
        Another program may take the last threads of that pool, which causes a deadlock.
        """
        return self.mode != "one" and self.mesh.devices.flat[0].platform == "cpu"

    def describe(self) -> str:
        """Returns the number and the kind of the devices, in words."""
        kind = jax.devices()[0].device_kind
        return f"{self.mesh.size} x {kind}" + (f" by {self.mode}" if self.mode != "one" else "")

    def step(self, step: Callable[..., Any]) -> Callable[[Any, Any, Any], Any]:
        """Compiles `step(state, batch, key, axis_name=...) -> (state, scalars)`.

        The input state is donated: only the returned state may be used afterwards.
        """
        if self.mode != "pmap":
            return self._awaited(jax.jit(step, donate_argnums=0, static_argnames="axis_name"))

        def mapped(state: Any, batch: Any, key: Any) -> Any:
            return step(state, batch, key, axis_name=AXIS)

        return self._awaited(
            jax.pmap(mapped, AXIS, in_axes=(None, 0, None), out_axes=(None, None), donate_argnums=0)
        )

    def means(self, function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """Compiles `function(variables, batch) -> arrays`, followed by means over the examples.

        The arrays have a leading axis of examples. All processes get the means over all devices.
        """

        def local(variables: Any, batch: Any) -> Any:
            return jax.tree.map(jnp.mean, function(variables, batch))

        if self.mode != "pmap":
            return self._awaited(jax.jit(local))

        def mapped(variables: Any, batch: Any) -> Any:
            return jax.lax.pmean(local(variables, batch), AXIS)

        return self._awaited(jax.pmap(mapped, AXIS, in_axes=(None, 0), out_axes=None))

    def _awaited(self, compiled: Callable[..., Any]) -> Callable[..., Any]:
        """Wraps a program so that its results are waited for, if `alone`."""
        if not self.alone:
            return compiled
        return lambda *arguments: jax.block_until_ready(compiled(*arguments))

    def spread(self, batch: Any) -> Any:
        """Puts the part of a batch of this process onto its devices."""
        if self.mode == "one":
            return jax.device_put(batch)
        if self.mode == "pmap":
            batch = jax.tree.map(lambda x: x.reshape(self.own.size, -1, *x.shape[1:]), batch)
            return jax.device_put(batch, NamedSharding(self.own, PartitionSpec(AXIS)))
        return _globally(batch, NamedSharding(self.mesh, PartitionSpec(AXIS)))

    def gather(self, batch: Any) -> dict[str, Any]:
        """Returns the part of a batch of this process, as it was before `spread`."""

        def one(x: jax.Array) -> np.ndarray:
            if self.mode == "jit":
                shards = sorted(x.addressable_shards, key=lambda s: s.index[0].start or 0)
                return np.concatenate([np.asarray(shard.data) for shard in shards])
            array = np.asarray(x)
            return array.reshape(-1, *x.shape[2:]) if self.mode == "pmap" else array

        return {name: one(x) for name, x in batch.items()}

    def replicate(self, tree: Any) -> Any:
        """Puts the same values onto all devices, in the form that `step` takes."""
        if self.mode == "pmap":
            # Each process holds copies of its own, so arrays over all processes become local ones.
            tree = tree if jax.process_count() == 1 else jax.tree.map(np.asarray, tree)
            return jax.device_put(tree, NamedSharding(self.own, PartitionSpec()))
        return _globally(tree, NamedSharding(self.mesh, PartitionSpec()))

    def snapshot(self, state: Any) -> Any:
        """Copies a state, in the form that checkpoints take, before a step donates it."""
        if jax.process_count() == 1:
            copied = jax.tree.map(jnp.copy, state)
            return jax.block_until_ready(copied) if self.alone else copied
        state = jax.tree.map(lambda x: np.array(x.addressable_data(0)), state)
        return _globally(state, NamedSharding(self.mesh, PartitionSpec()))

    def replicated(self, shapes: Any) -> Any:
        """Adds to shapes the sharding of values that are the same on all devices."""
        sharding = NamedSharding(self.mesh, PartitionSpec())
        return jax.tree.map(
            lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), shapes
        )

    def key(self, seed: int) -> jax.Array:
        """Returns the random key of a seed, on all devices."""
        mesh = self.own if self.mode == "pmap" else self.mesh
        sharding = NamedSharding(mesh, PartitionSpec())
        return jax.jit(jax.random.key, static_argnums=0, out_shardings=sharding)(seed)


def create(mode: str, *, batch_size: int, accumulate: int = 1) -> Parallel:
    """Creates a distribution over all devices.

    Args:
        mode: 'pmap' or 'jit'; with one device both are a plain jit.
        batch_size: examples per step, over all devices of all processes.
        accumulate: parts into which each device divides its share.

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
            f"batch_size is {batch_size}, expected a multiple of {count * accumulate}: "
            f"{count} devices times accumulate = {accumulate}"
        )
    mesh = jax.make_mesh((count,), (AXIS,), axis_types=(AxisType.Auto,))
    own = mesh
    if jax.process_count() > 1:
        own = Mesh(np.array(jax.local_devices()), (AXIS,), axis_types=(AxisType.Auto,))
    return Parallel("one" if count == 1 else mode, mesh, own)


def single() -> Parallel:
    """Creates a distribution over one device, whatever the number of devices."""
    mesh = Mesh(np.array(jax.local_devices()[:1]), (AXIS,), axis_types=(AxisType.Auto,))
    return Parallel("one", mesh, mesh)


def _globally(tree: Any, sharding: NamedSharding) -> Any:
    """Makes arrays over the devices of all processes from the part of this process."""
    if jax.process_count() == 1:
        return jax.device_put(tree, sharding)
    return jax.tree.map(
        lambda x: jax.make_array_from_process_local_data(sharding, np.asarray(x)), tree
    )
