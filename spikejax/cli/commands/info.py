"""`spikejax info`: the contents of a recording."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spikejax.cli.console.output import folder_for_results
from spikejax.cli.console.progress import track
from spikejax.cli.options.recording import RecordingFile, flattened

if TYPE_CHECKING:
    from spikejax.camera.statistics import Statistics
    from spikejax.formats import Recording


@flattened
def info(
    recording: RecordingFile,
    png: Annotated[
        Path | None,
        typer.Option(help="Also draw the rates, as a picture and a histogram.", metavar="OUT.png"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Describe a recording: sizes, rates, hot and dead pixels.

    The command reads the file once, in constant memory.

    [bold]hot[/]: fires more than twice as often as the median of its eight neighbours.
    [bold]weak[/]: less than half as often. [bold]dead[/]: never, while they fire.
    Each by at least 10 spikes, so that dark recordings have no outliers.

    \b
    [dim]Examples:[/]
      spikejax info car.dat --height 250 --width 400
      spikejax info car.dat --height 250 --width 400 --png rates.png
      spikejax info car.npz --json | jq .mean_rate
    """
    from spikejax.camera.statistics import chunk_size, measure
    from spikejax.pictures import charts

    if png is not None and png.suffix.lower() != ".png":
        raise ValueError(f"--png: expected a name that ends in .png, got {png}")
    with recording.open() as opened:
        size = chunk_size(opened)
        total = -(-len(opened) // size)
        statistics = measure(track(opened.chunks(size), "counting spikes", total))
        facts = _facts(opened, statistics)
        if png is not None:
            with folder_for_results(png.parent):
                charts.write_rate_chart(png, statistics, title=recording.path.name)
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    print(recording.path)
    for name, text in _lines(facts):
        print(f"  {name:<13}{text}")
    print("\n  rates of the pixels, spikes per readout")
    for line in charts.rate_bars(statistics):
        print(f"  {line}")
    if png is not None:
        print(f"\n{png}")


def _facts(recording: "Recording", statistics: "Statistics") -> dict[str, Any]:
    from spikejax.formats import sidecar_path

    assert recording.path is not None
    beside = sidecar_path(recording.path)
    pixels, edges = statistics.histogram()
    return {
        "path": str(recording.path),
        "bytes": recording.path.stat().st_size,
        "readouts": len(recording),
        "height": recording.height,
        "width": recording.width,
        "duration_s": recording.duration_s,
        "rate_hz": recording.rate_hz,
        "gain": recording.gain,
        "sensor": recording.sensor,
        "sidecar": str(beside) if beside.exists() else None,
        "extra": dict(recording.extra),
        "mean_rate": statistics.mean_rate,
        "darkest_readout": statistics.darkest,
        "brightest_readout": statistics.brightest,
        "empty_readouts": statistics.empty_readouts,
        "hot_pixels": int(statistics.hot.sum()),
        "dead_pixels": int(statistics.dead.sum()),
        "weak_pixels": int(statistics.weak.sum()),
        "silent_pixels": int(statistics.silent.sum()),
        "saturated_pixels": int(statistics.saturated.sum()),
        "histogram": {"edges": edges.round(9).tolist(), "pixels": pixels.tolist()},
    }


def _lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    hot, dead, weak = (facts[f"{name}_pixels"] for name in ("hot", "dead", "weak"))
    lines = [
        ("size", f"{facts['height']}x{facts['width']} pixels (height x width)"),
        ("readouts", f"{facts['readouts']} at {facts['rate_hz']:g} Hz"),
        ("duration", f"{facts['duration_s'] * 1e3:g} ms"),
        ("file", f"{facts['bytes'] / 1e6:,.1f} MB"),
        ("gain", f"{facts['gain']:g} spikes per readout at intensity 1"),
        ("sensor", _printable(facts["sensor"] or "not stated")),
        ("sidecar", facts["sidecar"] or "none"),
        *((_printable(name), _printable(value)) for name, value in facts["extra"].items()),
        (
            "mean rate",
            f"{facts['mean_rate']:.4f} spikes per readout and pixel; "
            f"single readouts {facts['darkest_readout']:.4f} to {facts['brightest_readout']:.4f}",
        ),
        ("empty", f"{facts['empty_readouts']} readouts without a spike"),
        ("outliers", f"{hot} hot, {dead} dead and {weak} weak pixels"),
        (
            "range",
            f"{facts['silent_pixels']} pixels never fire, "
            f"{facts['saturated_pixels']} are saturated",
        ),
    ]
    return lines


def _printable(value: Any) -> str:
    """Returns text from a file with control characters escaped."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(value))
