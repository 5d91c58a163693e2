"""`spikejax_synthetic`: a dataset of procedural scenes, reproducible from a seed."""

import dataclasses
from typing import Any

import jax
import numpy as np

from spikejax.camera import ExposureTiming
from spikejax.camera.conventions import SCALE
from spikejax.datasets.procedural.scenes import SceneOptions
from spikejax.datasets.procedural.synthetic import synthetic_batch
from spikejax.datasets.procedural.synthetic_options import SyntheticOptions
from spikejax.datasets.published.clips import Clip
from spikejax.ops import pack_bits

SYNTHETIC = "spikejax_synthetic"

_SPLITS = ("train", "validation", "test")
_RATE_HZ = 20_000.0


@dataclasses.dataclass(frozen=True)
class SyntheticDataset:
    """The options of `spikejax_synthetic`.

    Attributes:
        clips: number of training clips; validation and test have a tenth as many each.
        size: size of the spikes, pixels per side.
        window: L, readouts around the first and the last image.
        windows: J, images per clip, 20 readouts apart.
        seed: seed of all random numbers.
        photographs: whether clips are those of S-SDM instead: in colour, with images at four times
            `size`, a blurry photograph of 97 readouts, the true images of five of them, and spikes
            of 20 more readouts before and after it. Half of the cameras are those of its simulator.
    """

    clips: int = 1000
    size: int = 128
    window: int = 61
    windows: int = 4
    seed: int = 0
    photographs: bool = False

    def __post_init__(self) -> None:
        for name in ("clips", "size", "window", "windows"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")

    def options(self) -> SyntheticOptions:
        """Returns the options of one clip."""
        if not self.photographs:
            scene = SceneOptions(height=self.size, width=self.size, share=1)
            return SyntheticOptions(scene=scene, window=self.window, windows=self.windows)
        side, exposure = SCALE * self.size, ExposureTiming()
        return SyntheticOptions(
            scene=SceneOptions(height=side, width=side, channels=3, share=1),
            window=exposure.length,
            exposure=exposure.readouts,
            moments=exposure.times(5),
            ssdm=0.5,
        )

    def splits(self) -> dict[str, list["SyntheticClip"]]:
        """Returns the clips of each split, which are rendered when they are opened."""
        fewer = -(-self.clips // 10)
        return {
            split: [
                SyntheticClip(self, split, number)
                for number in range(self.clips if split == "train" else fewer)
            ]
            for split in _SPLITS
        }


@dataclasses.dataclass(frozen=True)
class SyntheticClip:
    """One clip, with a random key of its own, so that it is rendered without the others.

    Attributes:
        dataset: the options of the dataset.
        split: 'train', 'validation' or 'test'.
        number: number of the clip in its split, from 0.
    """

    dataset: SyntheticDataset
    split: str
    number: int

    @property
    def name(self) -> str:
        """Name of the clip, unique within its split."""
        return f"{self.number:06d}"

    def open(self) -> Clip:
        """Renders the clip."""
        dataset = self.dataset
        key = jax.random.key(dataset.seed)
        for part in (_SPLITS.index(self.split), self.number):
            key = jax.random.fold_in(key, part)
        options = dataset.options()
        batch: dict[str, Any] = jax.device_get(synthetic_batch(key, options, count=1))
        clip = {
            "packed": pack_bits(batch["spikes"][0]),
            "width": np.int32(dataset.size),
            "gain": batch["gain"][0],
            "rate_hz": np.float32(_RATE_HZ),
            "images": _stored(batch["images"][0]),
            "centres": np.array(options.shown, np.int32),
        }
        return clip | ({"blur": _stored(batch["blur"][0])} if options.exposure else {})


def _stored(image: Any) -> Any:
    return np.rint(image.clip(0, 1) * 65535).astype(np.uint16)
