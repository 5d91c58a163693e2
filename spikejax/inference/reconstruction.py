"""`reconstruct`: from a recording to images, in constant memory, by any method."""

from typing import Any

from spikejax.camera.conventions import STRIDE
from spikejax.formats import Recording
from spikejax.inference.method import Method
from spikejax.inference.plan import Images, plan


def reconstruct(
    recording: Recording,
    method: str | Method = "stir",
    weights: Any = None,
    centres: Any = None,
    stride: int = STRIDE,
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
    computed. STIR encodes every block of readouts once, however many windows share it. A network
    with memory reads the windows in order and carries its state along; before an image far from
    the previous one it reads a few windows to warm up (`Model.stream.warmup`), so that its image
    depends a little on which other centres are asked for.

    At the ends of a recording: the default centres keep their window inside it. At centres nearer
    to an end, TFP averages the readouts that exist, TFI counts a missing spike as one at the end of
    its search range, and for networks time runs backward beyond the end. TFSTP starts with the
    first readout.

    Args:
        recording: spikes (T, H, W).
        method: 'tfp', 'tfi', 'tfstp', or a network, as `inference.method_names()` lists them; or a
            `Method` from `inference.create_method`.
        weights: of a network: variables, a file (safetensors or a published PyTorch checkpoint),
            the folder of a training run, or None for those that ship with the package.
        centres: readouts whose images are wanted; None for every `stride`-th.
        stride: readouts between centres.
        batch_size: images per batch; None for 8, or 1 for a network on a CPU.
        tile: height and width of tiles that are computed one after another, one number for both;
            None for whole images. Tiles give the same images for all methods but STIR, whose
            attention then sees a tile instead of the whole image. TFSTP keeps a few numbers per
            pixel and is not cut; a network with memory takes no tiles.
        overlap: pixels of a tile beside each inner border that are computed but not used; None for
            what the method needs (32 for STIR).
        gain: spikes per readout at intensity 1; None for the recording's own.
        window: of 'tfp', the readouts averaged (41); of 'tfi', twice its search range plus one.
        dtype: of a network's activations, e.g. `jnp.bfloat16`.

    Returns:
        A sized iterator over pairs: centre, and image (H, W) float32, intensity, not clipped;
        ascending.

    Raises:
        ValueError: at once, if an argument does not fit the recording or the method.
    """
    return plan(
        recording,
        method,
        weights,
        centres,
        stride,
        batch_size,
        tile,
        overlap=overlap,
        gain=gain,
        window=window,
        dtype=dtype,
    ).images()
