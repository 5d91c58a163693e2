"""`reconstruct`: from a recording to images, in constant memory, by any method."""

from typing import Any

from spikejax.formats import Recording
from spikejax.inference.centres import resolve_centres
from spikejax.inference.methods import create_method
from spikejax.inference.tiling import from_tiles
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
            attention then sees a tile instead of the whole image.
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
    gain = recording.gain if gain is None else gain
    if not 0 < gain < float("inf"):
        raise ValueError(f"gain: expected a positive number of spikes a readout, got {gain}")
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"batch_size: expected at least 1 image, got {batch_size}")
    how = create_method(method, gain, weights_or_path=weights, window=window, dtype=dtype)
    wanted = resolve_centres(centres, recording.shape[0], how.window, stride)
    batch_size = how.batch_size if batch_size is None else batch_size
    if tile is None:
        return how.images(recording, wanted, batch_size)
    size = (tile, tile) if isinstance(tile, int) else tile
    if overlap is None:
        overlap = GLOBAL_OVERLAP if how.reach is None else how.reach
    if min(size) < 1 or overlap < 0:
        raise ValueError(f"tile: expected a positive size and overlap, got {tile} and {overlap}")
    return from_tiles(recording, wanted, how, tile=size, overlap=overlap, batch_size=batch_size)
