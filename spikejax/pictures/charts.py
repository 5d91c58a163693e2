"""Charts of a recording's statistics."""

from pathlib import Path
from typing import Any

import numpy as np

from spikejax.camera.statistics import Statistics
from spikejax.formats.atomic import replacing
from spikejax.formats.errors import FormatError

_BLUE = "#3b6fb6"
_RED = "#d1495b"
_AMBER = "#edae49"


_EIGHTHS = " ▏▎▍▌▋▊▉█"


def rate_bars(statistics: Statistics, *, bins: int = 16, width: int = 40) -> list[str]:
    """Draws the histogram of the pixels' rates as text.

    Args:
        statistics: statistics of the recording.
        bins: maximum number of lines.
        width: characters in the longest bar.

    Returns:
        One line per bin: its edges in spikes per readout, a bar, and the share of the pixels.
    """
    pixels, edges = statistics.histogram(bins)
    digits = max(1, int(np.ceil(-np.log10(edges[1] - edges[0]) - 1e-9)))
    lengths = np.ceil(pixels / pixels.max() * width * 8).astype(int)  # a single pixel is visible
    return [
        f"{low:.{digits}f} - {high:.{digits}f}  "
        f"{_EIGHTHS[8] * (length // 8) + _EIGHTHS[length % 8].strip():<{width}}"
        f"{count / statistics.counts.size:7.1%}"
        for low, high, length, count in zip(edges, edges[1:], lengths, pixels, strict=False)
    ]


def write_rate_chart(path: str | Path, statistics: Statistics, *, title: str = "") -> None:
    """Draws the pixels' rates as an image, with hot, dead and weak pixels marked, and a histogram.

    Args:
        path: the file; its name ends in .png.
        statistics: statistics of the recording.
        title: title of the figure, usually the recording's name.

    Raises:
        FormatError: if the name does not end in .png.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise FormatError(f"{path}: expected a name that ends in .png")
    # Without pyplot, there is no window system, no global state and nothing to close.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    _draw_rates(left, statistics)
    _draw_histogram(right, statistics)
    if title:
        figure.suptitle(title, fontsize=11)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png")


def _draw_rates(axes: Any, statistics: Statistics) -> None:
    rates = statistics.rates
    highest = float(np.percentile(rates, 99.5)) or 1.0
    image = axes.imshow(rates, cmap="gray", vmin=0, vmax=highest, interpolation="nearest")
    for name, mask, colour in (
        ("hot", statistics.hot, _RED),
        ("dead", statistics.dead, _AMBER),
        ("weak", statistics.weak, _BLUE),
    ):
        rows, columns = np.nonzero(mask)
        if len(rows):
            label = f"{len(rows)} {name}"
            axes.scatter(columns, rows, s=22, facecolors="none", edgecolors=colour, label=label)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", fontsize=8)
    axes.set_title("mean rate of each pixel", fontsize=10)
    axes.tick_params(labelsize=8)
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.85, extend="max")
    bar.set_label("spikes per readout", fontsize=8)
    bar.ax.tick_params(labelsize=8)


def _draw_histogram(axes: Any, statistics: Statistics) -> None:
    pixels, edges = statistics.histogram(40)
    axes.bar(edges[:-1], pixels, width=np.diff(edges), align="edge", color=_BLUE, linewidth=0)
    mean = statistics.mean_rate
    axes.axvline(mean, color="black", linewidth=1, linestyle="--", label=f"mean {mean:.3f}")
    axes.set_xlim(0, edges[-1])
    axes.set_xlabel("spikes per readout", fontsize=9)
    axes.set_ylabel("pixels", fontsize=9)
    axes.set_title("histogram of the pixels' rates", fontsize=10)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False)
