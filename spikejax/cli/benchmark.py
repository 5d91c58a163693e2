"""`spikejax benchmark`: what methods cost, at any size."""

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spikejax.cli.device import computing_on
from spikejax.cli.method import ActivationType
from spikejax.cli.options import DeviceOption
from spikejax.cli.progress import track
from spikejax.cli.values import parse_size

if TYPE_CHECKING:
    from collections.abc import Callable

_RATE = 0.3  # spikes a readout of the random recording


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one call of a method costs.

    Attributes:
        method: its name.
        readouts: that one image is made from.
        parameters: learned numbers; None for the classical ones.
        multiply_adds: of convolutions and matrix products, an image.
        latency_s: median of synchronised calls after warm-up.
        images_per_s: throughput.
        memory_bytes: of the device: arguments, results and temporaries of a call.
        random_weights: whether the network's weights were drawn, for none ship.
    """

    method: str
    readouts: int
    parameters: int | None
    multiply_adds: int
    latency_s: float
    images_per_s: float
    memory_bytes: int
    random_weights: bool


def benchmark(
    method: Annotated[
        list[str] | None,
        typer.Option("--method", "-m", help="Again for several; default: all.", show_default=False),
    ] = None,
    size: Annotated[str, typer.Option(help="HEIGHTxWIDTH.")] = "250x400",
    batch: Annotated[int, typer.Option(help="Images a call.", min=1)] = 1,
    dtype: Annotated[
        ActivationType, typer.Option(help="Type of a network's activations.")
    ] = ActivationType.float32,
    repeats: Annotated[int, typer.Option(help="Calls that are timed.", min=1)] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    device: DeviceOption = None,
) -> None:
    """Measure latency, throughput, memory and multiply-adds of methods.

    Synchronised calls after warm-up, on random spikes that are on the device already; the median
    counts. A network whose weights do not ship runs with random ones, at the same speed.

    \b
    [dim]Examples:[/]
      spikejax benchmark
      spikejax benchmark -m stir -m lrn --size 720x1280 --dtype bfloat16 --device gpu
    """
    height, width = parse_size(size, "--size")
    with computing_on(device):
        import jax

        from spikejax import inference

        names = _names(method, inference.method_names())
        where = jax.devices(None if device is None else device.value)[0].device_kind
        costs = [
            _measure(name, (batch, height, width), dtype.value, repeats)
            for name in track(names, "measuring", len(names))
        ]
    if as_json:
        facts = {"device": where, "size": [height, width], "batch": batch, "dtype": dtype.value}
        print(json.dumps({**facts, "methods": [dataclasses.asdict(c) for c in costs]}, indent=2))
        return
    print(f"{batch} x {height}x{width}, {dtype.value}, on {where}, median of {repeats} calls")
    print("  method  readouts   parameters  multiply-adds     latency   throughput    memory")
    for cost in costs:
        print(f"  {_line(cost)}")


def _names(asked: list[str] | None, there: tuple[str, ...]) -> list[str]:
    names = list(there) if not asked or asked == ["all"] else asked
    for name in names:
        if name not in there:
            raise ValueError(f"--method: there is no {name!r}; there are {', '.join(there)}")
    return names


def _measure(name: str, shape: tuple[int, int, int], dtype: str, repeats: int) -> Cost:
    import jax
    import jax.numpy as jnp

    from spikejax import metrics

    fn, variables, window, drawn = _function(name, dtype)
    batch, height, width = shape
    random = jax.random.bernoulli(jax.random.key(0), _RATE, (batch, window, height, width))
    args = (variables, random.astype(jnp.uint8))
    latency = metrics.latency(fn, *args, repeats=repeats)
    return Cost(
        method=name,
        readouts=window,
        parameters=metrics.parameters(variables) if variables else None,
        multiply_adds=metrics.multiply_adds(fn, *args) // batch,
        latency_s=latency,
        images_per_s=batch / latency,
        memory_bytes=metrics.peak_memory(fn, *args),
        random_weights=drawn,
    )


def _function(name: str, dtype: str) -> "tuple[Callable[..., Any], Any, int, bool]":
    """(variables, spikes) -> images, the variables, the window, and whether they were drawn."""
    import jax
    import jax.numpy as jnp

    from spikejax import classical, inference, models, weights

    if name in inference.CLASSICAL:
        reconstruct = getattr(classical, name)
        window = inference.create_method(name, 1.0).window
        return jax.jit(lambda _, s: reconstruct(s, window // 2)), {}, window, False
    model = models.create(name, dtype=jnp.dtype(dtype))
    assert model.window is not None
    ships = name in weights.available()
    variables = weights.load(name) if ships else model.init(jax.random.key(0))
    return jax.jit(model.apply), variables, model.window, not ships


def _line(cost: Cost) -> str:
    parameters = "-" if cost.parameters is None else f"{cost.parameters:,}"
    drawn = "  random weights" if cost.random_weights else ""
    macs = "-" if not cost.multiply_adds else f"{cost.multiply_adds / 1e9:.2f} G"
    return (
        f"{cost.method:<8}{cost.readouts:>8}{parameters:>13}{macs:>15}"
        f"{1e3 * cost.latency_s:>9.1f} ms{cost.images_per_s:>9.1f} /s"
        f"{cost.memory_bytes / 1e6:>7.0f} MB{drawn}"
    )
