"""The summary of a run, `summary.md`, with its curves as a picture."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spikejax import weights
from spikejax.formats import replacing
from spikejax.training import journal

CURVES, SUMMARY = "curves.png", "summary.md"


def write_summary(workdir: Path, config: Any, *, best: tuple[int, float] | None) -> Path:
    """Writes the summary of a run and its curves.

    Args:
        workdir: folder of the run, with the tables that the journal wrote.
        config: configuration of the run.
        best: step and score of the best checkpoint; None if nothing was validated.

    Returns:
        The path of the summary.
    """
    trained = journal.read_table(workdir / journal.TRAIN)
    scores = journal.read_table(workdir / journal.VALIDATION)
    _draw(workdir / CURVES, trained, scores)
    lines = [f"# {config.model or config.task}, {config.steps} steps of {config.batch_size}", ""]
    if trained:
        lines += [
            f"* loss at the end {trained['loss'][-1]:.5f}, "
            f"{np.median(trained['images_per_second']):.1f} images/s, "
            f"{100 * np.median(trained['data_wait']):.1f} % of the time waiting for data",
            f"* steps skipped as not finite: {int(trained['skipped'][-1])}",
        ]
    if best is not None:
        name = next(iter(n for n in scores if n != "step"), "score")
        lines.append(f"* best on the validation examples: {name} {best[1]:.3f} at step {best[0]}")
    if (workdir / weights.OF_RUN).exists():
        lines.append(f"* the weights of that step: [{weights.OF_RUN}]({weights.OF_RUN})")
    lines += ["", f"![curves]({CURVES})", ""]
    if scores:
        lines += [*_rows(scores), ""]
    if (workdir / journal.PICTURE).exists():
        lines += ["Input, output and target of the first examples:", ""]
        lines += [f"![examples]({journal.PICTURE})", ""]
    lines += ["```json", json.dumps(config.to_dict(), indent=1), "```", ""]
    with replacing(workdir / SUMMARY) as temporary:
        temporary.write_text("\n".join(lines), encoding="utf-8")
    return workdir / SUMMARY


def _rows(scores: Mapping[str, np.ndarray]) -> list[str]:
    """Formats a Markdown table of at most twenty validations, including the last one."""
    names = list(scores)
    count = len(scores["step"])
    chosen = sorted({*range(count - 1, -1, -max(1, -(-count // 20)))})
    head = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    return head + [
        "| "
        + " | ".join(
            f"{scores[n][i]:.4g}" if n != "step" else str(int(scores[n][i])) for n in names
        )
        + " |"
        for i in chosen
    ]


def _draw(path: Path, trained: Mapping[str, np.ndarray], scores: Mapping[str, np.ndarray]) -> None:
    # Without pyplot, which needs a window system and global state.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = [(trained, name) for name in ("loss", "learning_rate") if name in trained]
    panels += [(scores, name) for name in scores if name != "step"]
    figure = Figure(figsize=(3.6 * max(len(panels), 1), 3), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    for index, (table, name) in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), index + 1)
        axes.plot(table["step"], table[name], linewidth=1)
        axes.set_title(name.replace("_", " "), fontsize=10)
        axes.set_xlabel("step", fontsize=8)
        axes.locator_params(axis="x", nbins=5)  # leaves room for numbers of five digits
        axes.tick_params(which="both", labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
        if name == "loss" and (table[name] > 0).all():
            axes.set_yscale("log")
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png")
