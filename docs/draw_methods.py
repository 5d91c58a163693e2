"""Makes the cards of the methods, and their picture: `python docs/draw_methods.py`.

A card is `docs/methods/NAME.md`, from the registry and `docs/methods/cards.toml`. The picture
`docs/methods.png` shows the same moment of a procedural scene by every method that has weights, and
of a recording of 250x400 if `--recording` names one.
"""

import argparse
import textwrap
import tomllib
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import spikejax as sj
from spikejax import evaluation, inference, metrics, models, weights
from spikejax.evaluation.published import PUBLISHED
from spikejax.evaluation.report import PAPER_SIZE
from spikejax.formats import write_image
from spikejax.inference.classical_methods import CLASSICAL
from spikejax.pictures import SCREEN
from spikejax.pictures.sheet import Panel, sheet

DOCS = Path(__file__).parent
CARDS = DOCS / "methods"
SIZE = (192, 256)


def card(name: str, facts: dict[str, str]) -> str:
    """Returns the card of a method as Markdown."""
    rows = _classical_rows(name) if inference.is_classical(name) else _network_rows(name)
    if "published_data" in facts:
        rows.append(("published training data", facts["published_data"]))
    if "agreement" in facts:
        rows.append(("largest deviation from the reference", facts["agreement"]))
    if "licence" in facts:
        rows.append(("licence of the published code", facts["licence"]))
    text = textwrap.fill(" ".join(facts.get("text", inference.describe(name)).split()), 106)
    table = "\n".join(f"| {key} | {value} |" for key, value in rows)
    return f"# {_label(name)}\n\n{text}\n\n| | |\n|---|---|\n{table}\n"


def _label(name: str) -> str:
    return CLASSICAL[name].label if name in CLASSICAL else models.create(name).label


def _classical_rows(name: str) -> list[tuple[str, str]]:
    return [
        ("name", f"`{name}`"),
        ("source", CLASSICAL[name].citation),
        ("input", f"{inference.create_method(name).window} readouts by default"),
        ("parameters", "none"),
    ]


def _network_rows(name: str) -> list[tuple[str, str]]:
    model = models.create(name)
    variables = jax.eval_shape(model.init, jax.random.key(0))
    spikes = jax.ShapeDtypeStruct((1, model.window, *PAPER_SIZE), jnp.uint8)
    cost = metrics.multiply_adds(model.apply, variables, spikes) / 1e12
    memory = "" if model.stream is None else f", {model.stream.stride} apart, with a state"
    rows = [
        ("name", f"`{name}`"),
        ("source", model.citation),
        ("input", f"windows of {model.window} readouts{memory}"),
        ("parameters", f"{metrics.parameters(variables):,}"),
        ("multiply-adds at 736x1280", f"{cost:.2f} T{_published_cost(model.label)}"),
    ]
    if model.stream is not None:
        text = f"{model.stream.warmup} windows before an image far from the last one"
        rows.append(("warm-up", text))
    if name in weights.available():
        quality = f"{model.quality:.2f} dB on `spikejax evaluate synthetic`, trained on procedural"
        rows.append(("shipped weights", f"{quality} scenes"))
    else:
        rows.append(("shipped weights", f"none; `--weights {name}=FILE`{_checkpoint(model)}"))
    return rows


def _published_cost(label: str) -> str:
    table = PUBLISHED["sreds"]
    row = dict(zip(table.columns, table.rows.get(label, ()), strict=False))
    return f" (published: {row['MACs T']:.2f} T)" if row.get("MACs T") else ""


def _checkpoint(model: models.Model) -> str:
    return f", the published one is {model.checkpoint}" if model.checkpoint else ""


def index(names: list[str]) -> str:
    """Returns the page that lists the cards."""
    lines = [f"| [{_label(name)}]({name}.md) | {inference.describe(name)} |" for name in names]
    return "\n".join(
        [
            "# Methods",
            "",
            "![The same moment by every method that has weights](../methods.png)",
            "",
            "| method | what it is |",
            "|---|---|",
            *lines,
            "",
            "`spikejax evaluate --cost-only` compares their costs. `docs/draw_methods.py` makes",
            "the cards and the picture.",
            "",
        ]
    )


def picture(recording: str | None) -> None:
    """Writes docs/methods.png: a row per recording, a column per method, and what is known."""
    sample = evaluation.synthetic_samples(3, *SIZE).get(1)
    panels = _row(sample.recording, sample.centre, white=1.0)
    panels.append(Panel(SCREEN(sample.truth), "truth"))
    if recording is not None:
        rec = sj.open_recording(recording, height=250, width=400, rate_hz=20000.0, gain=1.0)
        centre = len(rec) // 2
        panels += _row(rec, centre, white=None)
        panels.append(Panel(rec[centre][: SIZE[0], : SIZE[1]].astype(np.float32), "one readout"))
    columns = len(inference.available_methods()) + 1
    write_image(DOCS / "methods.png", sheet(panels, columns=columns))


def _row(recording: sj.Recording, centre: int, *, white: float | None) -> list[Panel]:
    """Returns the images of all methods; without `white`, the brightest half percent is white."""
    panels = []
    for name in inference.available_methods():
        [(_, image)] = sj.reconstruct(recording, method=name, centres=[centre])
        image = image[: SIZE[0], : SIZE[1]]
        scale = white or float(np.percentile(image, 99.5))
        panels.append(Panel(SCREEN(image / scale), _label(name)))
    return panels


def main() -> None:
    """Makes everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recording", help="a .dat of 250x400 for the second row of the picture")
    parser.add_argument("--cards-only", action="store_true", help="leave the picture as it is")
    options = parser.parse_args()
    facts = tomllib.loads((CARDS / "cards.toml").read_text())
    names = list(inference.method_names())
    for name in names:
        (CARDS / f"{name}.md").write_text(card(name, facts.get(name, {})))
    (CARDS / "README.md").write_text(index(names))
    if not options.cards_only:
        picture(options.recording)


if __name__ == "__main__":
    main()
