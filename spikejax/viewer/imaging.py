"""One image of a recording for the page, at once for classical methods, cached for all."""

import numpy as np

from spikejax import classical, inference
from spikejax.formats import Recording
from spikejax.viewer.cache import BytesCache
from spikejax.viewer.look import Look
from spikejax.viewer.methods import STREAM_LIMIT, Methods

CACHE_BYTES = 192 << 20
WINDOW = 41
"""The window of TFP and TFI unless another is asked for."""

Image = np.ndarray


class Imager:
    """Makes images and keeps the latest."""

    def __init__(self, methods: Methods, *, cache_bytes: int = CACHE_BYTES) -> None:
        """Creates an imager.

        Args:
            methods: the methods on offer.
            cache_bytes: bytes of images that are kept.
        """
        self._methods = methods
        self._cache: BytesCache[Image] = BytesCache(cache_bytes)

    def known(self, recording: int, look: Look) -> Image | None:
        """Returns an image that is kept, or None."""
        return self._cache.get((recording, look))

    def image(self, number: int, recording: Recording, look: Look) -> Image:
        """Makes an image, or returns the one that is kept.

        Args:
            number: the recording's place in the list of the page.
            recording: spikes (T, H, W).
            look: the method, its window, the gain, the centre.

        Returns:
            (H, W) float32, intensity.

        Raises:
            ValueError: if the look does not fit the recording or the method.
            OSError: if the recording cannot be read.
        """
        image = self.known(number, look)
        if image is None:
            image = self._make(recording, look)
            self._cache.put((number, look), image)
        return image

    def _make(self, recording: Recording, look: Look) -> Image:
        choice = self._methods[look.method]
        if look.centre >= len(recording):
            raise ValueError(
                f"centre: {look.centre} is not among the readouts 0 to {len(recording) - 1}"
            )
        gain = recording.gain if look.gain is None else look.gain
        quick = _QUICK.get(choice.name)
        if quick is not None:
            return quick(recording, look.centre, look.window or WINDOW, gain)
        method = self._methods.make(look.method)
        if method.stateful and method.variables is None and look.centre > STREAM_LIMIT:
            raise ValueError(
                f"{choice.label} reads all readouts before its image: {look.centre} of them take "
                f"too long here (at most {STREAM_LIMIT}); use the command"
            )
        plan = inference.plan(recording, method, centres=[look.centre], batch_size=1, gain=gain)
        return np.asarray(next(plan.images())[1], np.float32)


def _tfp(recording: Recording, centre: int, window: int, gain: float) -> Image:
    start, stop = max(0, centre - window // 2), min(len(recording), centre + window // 2 + 1)
    return classical.tfp_packed(recording.packed(start, stop), recording.width, gain=gain)


def _tfi(recording: Recording, centre: int, window: int, gain: float) -> Image:
    reach = max(1, window // 2)
    start, stop = max(0, centre - reach), min(len(recording), centre + reach + 1)
    packed = recording.packed(start, stop)
    return classical.tfi_packed(packed, centre - start, recording.width, reach=reach, gain=gain)


_QUICK = {"tfp": _tfp, "tfi": _tfi}
