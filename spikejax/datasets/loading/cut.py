"""Training examples from clips: windows in time, a crop in space, one of eight symmetries."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spikejax.camera.conventions import STRIDE
from spikejax.datasets.batch import readouts_of
from spikejax.datasets.loading import augment as turn
from spikejax.ops import unpack_bits


@dataclasses.dataclass(frozen=True)
class Cut:
    """A function that cuts one example from a clip.

    Attributes:
        window: L, readouts per window.
        windows: J, number of windows, 20 readouts apart.
        crop: (h, w) of the crop, pixels of the spikes; None for all of them.
        augment: whether to apply one of the eight symmetries.
    """

    window: int
    windows: int
    crop: tuple[int, int] | None
    augment: bool

    def starts(self, facts: Mapping[str, Any], name: str) -> Sequence[int]:
        """Returns the first readouts of all examples that a clip holds.

        Args:
            facts: facts from `facts_of`; `blur` may be absent, as in an index of prepared files.
            name: name of the clip in errors.

        Returns:
            At least one readout.

        Raises:
            ValueError: if the clip is too short or too small, or no window has an image at its
                centre.
        """
        height, width = self.crop or (1, 1)
        if facts["height"] < height or facts["width"] < width:
            raise ValueError(
                f"{name}: {facts['height']}x{facts['width']} pixels are smaller than the crop of "
                f"{height}x{width}"
            )
        starts = self._starts(facts)
        if not starts:
            centres = facts["centres"]
            images = "no images" if centres is None else f"images at {_short(centres)}"
            needs = f"{self.windows} windows of {self.window} readouts, {STRIDE} apart"
            if self.windows == 1:
                needs = f"window of {self.window} readouts"
            if facts.get("blur"):
                needs += " in the middle, where the photograph was exposed"
            if centres is not None:
                needs += ", around an image each" if self.windows > 1 else ", around an image"
            raise ValueError(f"{name}: {facts['readouts']} readouts with {images} hold no {needs}")
        return starts

    def __call__(
        self, clip: Mapping[str, Any], rng: np.random.Generator, *, name: str = "a clip"
    ) -> dict[str, Any]:
        """Cuts an example.

        Args:
            clip: clip, see `spikejax.datasets.published.clips`.
            rng: draws the place and the symmetry.
            name: name of the clip in errors, if the clip holds none.

        Returns:
            The example: a batch without its first axis.
        """
        facts = facts_of(clip)
        starts = self.starts(facts, str(clip.get("name", name)))
        start = starts[int(rng.integers(len(starts)))]
        transform = self._transform(facts, rng)
        height, width = self.crop or (facts["height"], facts["width"])
        if turn.transposes(transform):
            height, width = width, height  # before the transform
        top = int(rng.integers(facts["height"] - height + 1))
        left = int(rng.integers(facts["width"] - width + 1))
        rows, columns = slice(top, top + height), slice(left, left + width)

        example: dict[str, Any] = {"gain": np.float32(clip["gain"])}
        if "images" in clip:
            chosen = self._images(facts, start)
            images = _scaled(clip["images"], facts["height"], rows, columns)[chosen]
            example["images"] = _intensity(turn.turn_image(images, transform))
            if "flow" in clip:
                flow = clip["flow"][..., rows, columns, :][chosen]
                example["flow"] = turn.turn_flow(flow, transform)
        if "blur" in clip:
            blur = _scaled(clip["blur"], facts["height"], rows, columns)
            example["blur"] = _intensity(turn.turn_image(blur, transform))

        readouts = clip["packed"][start : start + readouts_of(self.window, self.windows)]
        packed = turn.turn_packed(turn.crop_packed(readouts, rows, columns), width, transform)
        turned_width = height if turn.transposes(transform) else width
        if "images" in clip and example["images"].shape[-2] == turned_width:
            return example | {"packed": packed}  # the images give the width
        return example | {"spikes": unpack_bits(packed, turned_width)}

    def _transform(self, facts: Mapping[str, Any], rng: np.random.Generator) -> int:
        """Draws one of the transforms that keep the shape of the crop."""
        if not self.augment:
            return 0
        height, width = self.crop or (facts["height"], facts["width"])
        across = (
            height == width
            if self.crop is None
            else height <= facts["width"] and width <= facts["height"]
        )
        return int(rng.integers(turn.TRANSFORMS if across else 4))

    def _starts(self, facts: Mapping[str, Any]) -> Sequence[int]:
        length = readouts_of(self.window, self.windows)
        last = facts["readouts"] - length
        among = range(last + 1)
        if facts.get("blur") and last >= 0:  # the exposure lies in the middle of the clip
            middle = facts["readouts"] // 2 - length // 2
            among = range(middle, middle + 1)
        if facts["centres"] is None:
            return among
        has = set(facts["centres"])
        runs = [c for c in has if all(c + STRIDE * j in has for j in range(self.windows))]
        starts = (c - self.window // 2 for c in sorted(runs))
        return [start for start in starts if start in among]

    def _images(self, facts: Mapping[str, Any], start: int) -> list[int]:
        centre = start + self.window // 2
        return [facts["centres"].index(centre + STRIDE * j) for j in range(self.windows)]


def facts_of(clip: Mapping[str, Any]) -> dict[str, Any]:
    """Returns `readouts`, `height`, `width`, `centres` (None without images), `blur` of a clip."""
    readouts, height, _ = clip["packed"].shape
    centres = clip["centres"].tolist() if "images" in clip else None
    return {
        "readouts": readouts,
        "height": height,
        "width": int(clip["width"]),
        "centres": centres,
        "blur": "blur" in clip,
    }


def _scaled(image: Any, height: int, rows: slice, columns: slice) -> Any:
    """Crops an image to a rectangle of spikes, from the full height of the spikes."""
    scale = image.shape[-3] // height
    fine = (slice(scale * s.start, scale * s.stop) for s in (rows, columns))
    return image[..., *fine, :]


def _intensity(pixels: Any) -> Any:
    return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)


def _short(numbers: Sequence[int]) -> str:
    first = ", ".join(map(str, numbers[:3]))
    return f"{first}, ..., {numbers[-1]}" if len(numbers) > 3 else first
