"""`spikejax benchmark`: the cost of methods at any size."""

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spikejax.cli.console.progress import track
from spikejax.cli.options.device import computing_on
from spikejax.cli.options.method import ActivationType
from spikejax.cli.options.recording import DeviceOption
from spikejax.cli.options.values import parse_size

if TYPE_CHECKING:
    from spikejax.evaluation import Candidate, Cost

_DRAWN = "random weights"


def benchmark(
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method", "-m", help="{methods}; repeatable; default: all.", show_default=False
        ),
    ] = None,
    size: Annotated[str, typer.Option(help="HEIGHTxWIDTH.")] = "250x400",
    batch: Annotated[int, typer.Option(help="Images per call.", min=1)] = 1,
    dtype: Annotated[
        list[ActivationType] | None,
        typer.Option(
            help="Type of a network's activations; repeatable; default: float32.",
            show_default=False,
        ),
    ] = None,
    repeats: Annotated[int, typer.Option(help="Timed calls.", min=1)] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    device: DeviceOption = None,
) -> None:
    """Measure latency, throughput, memory and multiply-adds of methods.

    Times are medians of synchronised calls after warm-up, on random spikes that are on the device.
    Memory is what XLA announces for a call and, behind it, what its allocator takes. A network
    whose weights do not ship runs with random ones, at the same speed.

    \b
    [dim]Examples:[/]
      spikejax benchmark
      spikejax benchmark -m stir -m lrn --size 720x1280 --dtype float32 --dtype bfloat16
    """
    height, width = parse_size(size, "--size")
    with computing_on(device):
        import jax

        from spikejax import inference
        from spikejax.evaluation import measure_cost

        names = _names(method, inference.method_names())
        kind_of_device = jax.devices(None if device is None else device.value)[0].device_kind
        types = dict.fromkeys(dtype or [ActivationType.float32])
        wanted = [
            (name, kind)
            for name in names
            for kind in ([None] if inference.is_classical(name) else types)
        ]
        rows = []
        for name, kind in track(wanted, "measuring", len(wanted)):
            candidate = _candidate(name, kind)
            cost = measure_cost(candidate, height, width, batch=batch, repeats=repeats)
            rows.append((candidate, kind, cost))
    if as_json:
        facts = {
            "device": kind_of_device,
            "size": [height, width],
            "batch": batch,
            "repeats": repeats,
        }
        print(json.dumps({**facts, "methods": [_facts(*row) for row in rows]}, indent=2))
        return
    print(f"{batch} x {height}x{width} on {kind_of_device}, median of {repeats} calls")
    print(
        "  method  type      readouts  parameters  multiply-adds      latency   throughput"
        "    memory  measured"
    )
    for row in rows:
        print(f"  {_line(*row)}")


def _names(asked: list[str] | None, known: tuple[str, ...]) -> list[str]:
    names = list(known) if not asked or asked == ["all"] else asked
    for name in names:
        if name not in known:
            raise ValueError(f"--method: there is no {name!r}; there are {', '.join(known)}")
    return names


def _candidate(name: str, kind: ActivationType | None) -> "Candidate":
    import jax

    from spikejax import models, weights
    from spikejax.evaluation import Candidate

    if kind is None:
        return Candidate(name)
    if name in weights.available():
        return Candidate(name, dtype=kind.value)
    drawn = models.create(name).init(jax.random.key(0))
    return Candidate(name, dtype=kind.value, weights=drawn, origin=_DRAWN)


def _facts(candidate: "Candidate", kind: ActivationType | None, cost: "Cost") -> dict[str, Any]:
    return {
        "method": candidate.name,
        "dtype": None if kind is None else kind.value,
        "random_weights": candidate.origin == _DRAWN,
        **dataclasses.asdict(cost),
    }


def _line(candidate: "Candidate", kind: ActivationType | None, cost: "Cost") -> str:
    assert cost.latency_s is not None
    assert cost.images_per_s is not None
    parameters = "-" if cost.parameters is None else f"{cost.parameters:,}"
    macs = "-" if cost.multiply_adds is None else f"{cost.multiply_adds / 1e9:.2f} G"
    measured = "-" if cost.measured_bytes is None else f"{cost.measured_bytes / 1e6:.0f} MB"
    drawn = f"  {_DRAWN}" if candidate.origin == _DRAWN else ""
    return (
        f"{candidate.name:<8}{'-' if kind is None else kind.value:<9}{cost.readouts:>9}"
        f"{parameters:>12}{macs:>15}{1e3 * cost.latency_s:>10.1f} ms"
        f"{cost.images_per_s:>10.1f} /s{cost.memory_bytes / 1e6:>7.0f} MB{measured:>10}{drawn}"
    )
