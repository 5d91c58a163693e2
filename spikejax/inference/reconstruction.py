"""`reconstruct`: from a recording to images, in constant memory, by any method."""

from typing import Any

import numpy as np

from spikejax.formats import Recording
from spikejax.inference.centres import as_count, resolve_centres
from spikejax.inference.methods import create_method
from spikejax.inference.tiling import from_tiles, tile_axis
from spikejax.inference.windows import Images

GLOBAL_OVERLAP = 32
"""Pixels that tiles share, on either side, for a network that sees the whole image."""


def reconstruct(
    recording: Recording,
    method: str = "stir",
    weights: Any = None,
    centres: Any = None,
    stride: int = 20,
    batch_size: int | None = None,
    tile: int | tuple[int, int] | None = None,
    *,
    overlap: int | None = None,
    gain: float | None = None,
    window: int | None = None,
    dtype: Any = None,
) -> Images:
    """Makes images from a recording, one after another, in constant memory.

    Packed spikes travel to the device and are unpacked there; the next batch is read while one is
    computed. STIR encodes every block of readouts once, however many windows share it.

    At the ends of a recording: the default centres keep their window inside it. At centres nearer
    to an end, TFP averages the readouts that exist, TFI counts a missing spike as one at the end of
    its search range, and for networks time runs backward beyond the end. TFSTP starts with the
    first readout.

    Args:
        recording: spikes (T, H, W).
        method: 'tfp', 'tfi', 'tfstp', or a network, as `inference.method_names()` lists them.
        weights: of a network: variables, a file (safetensors or a published PyTorch checkpoint), or
            None for those that ship with the package.
        centres: readouts whose images are wanted; None for every `stride`-th.
        stride: between centres, readouts.
        batch_size: images at a time; None for 8, or 1 for a network on a CPU.
        tile: height and width of the pieces that are computed one after another, one number for
            both; None for the whole image at once. The same images for all methods but STIR, whose
            attention then sees a tile instead of the whole image. TFSTP keeps a few numbers a
            pixel and is not cut.
        overlap: pixels of a tile beside each inner border that are computed and thrown away; None
            for what the method needs (32 for STIR).
        gain: spikes a readout at intensity 1; None for the recording's own.
        window: of 'tfp', the readouts averaged (41); of 'tfi', twice its search range plus one.
        dtype: of a network's activations, e.g. `jnp.bfloat16`.

    Returns:
        A generator of pairs: centre, and image (H, W) float32, intensity, not clipped; ascending.

    Raises:
        ValueError: at once, if an argument does not fit the recording or the method.
    """
    if not hasattr(recording, "packed"):
        raise ValueError(
            f"recording: expected what open_recording(path) or Recording.from_array(spikes) gives, "
            f"got {type(recording).__name__}"
        )
    gain = recording.gain if gain is None else gain
    if not 0 < gain < float("inf"):
        raise ValueError(f"gain: expected a positive number of spikes a readout, got {gain}")
    if batch_size is not None:
        batch_size = as_count("batch_size", batch_size)
    how = create_method(method, gain, weights_or_path=weights, window=window, dtype=dtype)
    wanted = resolve_centres(centres, recording.shape[0], how.window, stride)
    batch_size = how.batch_size if batch_size is None else batch_size
    if tile is None or how.whole_past:
        return how.images(recording, wanted, batch_size)
    height, width = (tile, tile) if np.ndim(tile) == 0 else tile  # type: ignore[misc]
    size = as_count("tile", height), as_count("tile", width)
    if overlap is None:
        overlap = GLOBAL_OVERLAP if how.reach is None else how.reach
    if overlap < 0:
        raise ValueError(f"overlap: expected at least 0 pixels, got {overlap}")
    for length, part in zip(recording.shape[1:], size, strict=True):
        tile_axis(length, part, overlap)  # refuses what does not fit, now rather than later
    return from_tiles(recording, wanted, how, tile=size, overlap=overlap, batch_size=batch_size)
