"""`spikejax_synthetic`: a dataset of procedural scenes, the same from the same seed."""

import dataclasses
from typing import Any

import jax
import numpy as np

from spikejax.camera import ExposureTiming
from spikejax.datasets.batch import CELL
from spikejax.datasets.procedural.scenes import SceneOptions
from spikejax.datasets.procedural.synthetic import SyntheticOptions, synthetic_batch
from spikejax.datasets.published.clips import Clip
from spikejax.ops import pack_bits

SYNTHETIC = "spikejax_synthetic"

_SPLITS = ("train", "validation", "test")
_RATE_HZ = 20_000.0


@dataclasses.dataclass(frozen=True)
class SyntheticDataset:
    """What `spikejax_synthetic` is made of.

    Attributes:
        clips: clips to train on; a tenth as many to validate and to test.
        size: pixels, a side.
        window: L, readouts around the first and the last image.
        windows: J, images of a clip, 20 readouts apart.
        seed: of everything random.
        photographs: clips as S-SDM has them in their place: in colour, `size` being that of the
            spikes and a quarter of that of the images; a blurry photograph of 97 readouts, the true
            images of five of them, spikes of 20 more before and after it; half of the cameras are
            those of its simulator.
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
        """What a clip is made of."""
        if not self.photographs:
            scene = SceneOptions(height=self.size, width=self.size, share=1)
            return SyntheticOptions(scene=scene, window=self.window, windows=self.windows)
        side, exposure = CELL * self.size, ExposureTiming()
        return SyntheticOptions(
            scene=SceneOptions(height=side, width=side, channels=3, share=1),
            window=exposure.length,
            exposure=exposure.readouts,
            moments=exposure.times(5),
            ssdm=0.5,
        )

    def splits(self) -> dict[str, list["SyntheticClip"]]:
        """The clips of each split; they are made when they are opened."""
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
    """One clip, of a key of its own, so that no other need be made.

    Attributes:
        dataset: what it is one of.
        split: 'train', 'validation' or 'test'.
        number: which, from 0.
    """

    dataset: SyntheticDataset
    split: str
    number: int

    @property
    def name(self) -> str:
        """Unique within its split."""
        return f"{self.number:06d}"

    def open(self) -> Clip:
        """Makes it."""
        made = self.dataset
        key = jax.random.key(made.seed)
        for part in (_SPLITS.index(self.split), self.number):
            key = jax.random.fold_in(key, part)
        options = made.options()
        batch: dict[str, Any] = jax.device_get(synthetic_batch(key, options, count=1))
        clip = {
            "packed": pack_bits(batch["spikes"][0]),
            "width": np.int32(made.size),
            "gain": batch["gain"][0],
            "rate_hz": np.float32(_RATE_HZ),
            "images": _stored(batch["images"][0]),
            "centres": np.array(options.shown, np.int32),
        }
        return clip | ({"blur": _stored(batch["blur"][0])} if options.exposure else {})


def _stored(image: Any) -> Any:
    return np.rint(image.clip(0, 1) * 65535).astype(np.uint16)
