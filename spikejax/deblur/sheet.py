"""A picture that compares deblurring methods: one row per moment, one column per method."""

from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np

from spikejax import metrics, ops
from spikejax.camera import ExposureTiming, to_grey
from spikejax.deblur.input import DeblurInput
from spikejax.deblur.methods import METHODS
from spikejax.deblur.physics import long_tfp, short_tfp
from spikejax.pictures.sheet import Panel, sheet

COMPARED = ("teacher", "student")
"""The methods that every sheet of the command compares."""

Images = Sequence[np.ndarray]
"""K images, one per moment."""

_PANEL = 480  # approximate width of a small photograph on the sheet
_LARGEST = 800  # the largest width of a photograph on the sheet
_ZOOM = 4


def sheet_times(exposure: ExposureTiming) -> tuple[int, ...]:
    """Returns the moments of a sheet: the first, the middle and the last of the exposure."""
    return exposure.times(min(3, exposure.readouts))


def deblur_sheet(
    source: DeblurInput,
    times: Sequence[int],
    images: Mapping[str, Images],
    truths: Images | None = None,
) -> np.ndarray:
    """Draws a photograph, the spikes alone (TFP) and deblurred images, one row per moment.

    TFP has the brightness of the photograph and is enlarged bilinearly. Each picture has an
    enlarged detail below it, from the region where the pictures differ most.

    Args:
        source: the photograph and its spikes.
        times: K readouts of `source.spikes`, in its exposure.
        images: K images (H, W, 3), linear, by method; a key of `METHODS` or another label.
        truths: the K true images, linear; None if they are unknown. With them, every picture has
            its PSNR.

    Returns:
        (H', W', 3) float32, display values, for `write_image` with `DATA`.

    Raises:
        ValueError: if a moment is outside the exposure, or shapes do not fit.
    """
    blurry = [source.photograph] * len(times)
    short = f"TFP, {source.exposure.short} readouts"
    columns = [("photograph", blurry), (short, playback(source, times))]
    columns += [(_label(method), sequence) for method, sequence in images.items()]
    colour = [sequence for _, sequence in columns if np.ndim(sequence[0]) == 3]
    detail = most_different([*colour, *([] if truths is None else [truths])])
    if truths is not None:
        columns.append(("truth", truths))
    panels = []
    for k, time in enumerate(times):
        row = [(label, sequence[k]) for label, sequence in columns]
        scores = [_psnr(image, None if truths is None else truths[k]) for _, image in row]
        compared = [s for (_, image), s in zip(row, scores, strict=True) if image.ndim == 3 and s]
        for (label, image), score in zip(row, scores, strict=True):
            note = f"readout {source.before + time}"
            if score is not None:
                note = f"{score:.2f} dB" if image.ndim == 3 else f"{score:.2f} dB, grey"
            elif label == "photograph":
                note = f"{source.exposure.readouts} readouts"
            best = score is not None and score == max(compared) and image.ndim == 3
            panels.append(Panel(source.stored(image), label, note, highlight=best))
    width = source.photograph.shape[1]
    scale = _LARGEST / width if width > _LARGEST else max(1, round(_PANEL / width))
    return sheet(panels, columns=len(columns), scale=scale, detail=detail)


def most_different(columns: Sequence[Images]) -> tuple[int, int, int, int]:
    """Finds the rectangle in which images differ most; the sheet enlarges it four times.

    It ignores a twelfth of the image at each side, where objects enter and leave the view.

    Args:
        columns: K images (H, W, 3) per method, all of one size.

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


def playback(source: DeblurInput, times: Sequence[int]) -> Images:
    """Returns TFP at each moment, (H, W): the spikes alone.

    The averages are enlarged to the photograph's size and scaled to its mean brightness.
    """
    spikes, size = jnp.asarray(source.spikes)[None], source.photograph.shape[:2]
    mean = float(long_tfp(spikes, source.exposure).mean())
    scale = float(to_grey(jnp.asarray(source.photograph)).mean()) / mean if mean else 0.0
    averages = short_tfp(spikes, times, source.exposure)[0]
    return [np.asarray(image[..., 0]) * scale for image in ops.resize_bilinear(averages, *size)]


def _label(method: str) -> str:
    return METHODS[method].label if method in METHODS else method


def _psnr(image: np.ndarray, truth: np.ndarray | None) -> float | None:
    """Returns the PSNR against the truth, of grey values for a grey image.

    None for the truth itself, or without a truth.
    """
    if truth is None or image is truth:
        return None
    if image.ndim == 2:
        truth = np.asarray(to_grey(truth))
    return float(metrics.psnr(np.clip(image, 0, 1), truth))
