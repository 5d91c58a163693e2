"""A picture that compares ways of deblurring: moments below one another, methods side by side."""

from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np

from spikejax import deblur, metrics, ops
from spikejax.camera import to_grey
from spikejax.deblur.input import Pair
from spikejax.pictures.sheet import Panel, sheet

_PANEL = 480  # columns of a small picture on the sheet, about
_LARGEST = 800  # of a large one
_ZOOM = 4

_LABELS = {
    "sdm": "SDM, no network",
    "teacher": "teacher",
    "stir": "teacher, STIR",
    "student": "student",
}

Moments = Sequence[np.ndarray]


def deblur_sheet(
    pair: Pair,
    times: Sequence[int],
    images: Mapping[str, Moments],
    truths: Moments | None = None,
) -> np.ndarray:
    """Draws a photograph, the spikes alone (TFP) and deblurred images, a row a moment.

    TFP is as bright as the photograph, and enlarged bilinearly. Each picture has a detail below it,
    from where they differ most.

    Args:
        pair: the photograph and its spikes.
        times: K readouts of `pair.spikes`, in its exposure.
        images: K images (H, W, 3), linear, by method.
        truths: the true K images, linear, if they are known: every picture then has its PSNR.

    Returns:
        (H', W', 3) float32, display values, for `write_image` with `DATA`.

    Raises:
        ValueError: if a moment is outside the exposure, or shapes do not fit.
    """
    columns = [(_LABELS.get(name, name), shown) for name, shown in images.items()]
    blurry = [pair.photograph] * len(times)
    short = f"TFP, {pair.exposure.short} readouts"
    columns = [("photograph", blurry), (short, playback(pair, times)), *columns]
    colour = [shown for _, shown in columns if np.ndim(shown[0]) == 3]
    detail = most_different([*colour, *([] if truths is None else [truths])])
    if truths is not None:
        columns.append(("truth", truths))
    panels = []
    for k, time in enumerate(times):
        row = [(label, shown[k]) for label, shown in columns]
        scores = [_psnr(image, None if truths is None else truths[k]) for _, image in row]
        judged = [s for (_, image), s in zip(row, scores, strict=True) if image.ndim == 3 and s]
        for (label, image), score in zip(row, scores, strict=True):
            note = f"readout {pair.before + time}"
            if score is not None:
                note = f"{score:.2f} dB" if image.ndim == 3 else f"{score:.2f} dB, grey"
            elif label == "photograph":
                note = f"{pair.exposure.readouts} readouts"
            best = score is not None and score == max(judged) and image.ndim == 3
            panels.append(Panel(pair.stored(image), label, note, highlight=best))
    width = pair.photograph.shape[1]
    scale = _LARGEST / width if width > _LARGEST else max(1, round(_PANEL / width))
    return sheet(panels, columns=len(columns), scale=scale, detail=detail)


def most_different(columns: Sequence[Moments]) -> tuple[int, int, int, int]:
    """Finds where images differ most: a rectangle that is shown four times as large.

    A twelfth at each side counts for nothing: what moves in or out there is known badly.

    Args:
        columns: for each method K images (H, W, 3), all of one size.

    Returns:
        Top, left, height, width.
    """
    height, width = columns[0][0].shape[:2]
    differ = np.zeros((height, width))
    for images in zip(*columns, strict=True):
        differ += np.std([image.mean(-1) for image in images], axis=0)
    rim = np.ones_like(differ, bool)
    rim[height // 12 : height - height // 12, width // 12 : width - width // 12] = False
    differ[rim] = 0
    cols = max(1, min(width, _LARGEST) // _ZOOM)
    rows = max(1, cols * height // width)
    total = np.pad(differ, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    sums = total[rows:, cols:] - total[:-rows, cols:] - total[rows:, :-cols] + total[:-rows, :-cols]
    top, left = np.unravel_index(int(sums.argmax()), sums.shape)
    return int(top), int(left), rows, cols


def playback(pair: Pair, times: Sequence[int]) -> Moments:
    """TFP at each moment, (H, W), enlarged and as bright as the photograph: the spikes alone."""
    spikes, size = jnp.asarray(pair.spikes)[None], pair.photograph.shape[:2]
    fired = float(deblur.long_tfp(spikes, pair.exposure).mean())
    bright = float(to_grey(jnp.asarray(pair.photograph)).mean()) / fired if fired else 0.0
    averages = deblur.short_tfp(spikes, times, pair.exposure)[0]
    return [np.asarray(image[..., 0]) * bright for image in ops.resize_bilinear(averages, *size)]


def _psnr(image: np.ndarray, truth: np.ndarray | None) -> float | None:
    """Against a truth, grey for a grey image; None for the truth itself, or without one."""
    if truth is None or image is truth:
        return None
    if image.ndim == 2:
        truth = np.asarray(to_grey(truth))
    return float(metrics.psnr(np.clip(image, 0, 1), truth))
