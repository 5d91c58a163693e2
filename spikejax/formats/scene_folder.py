"""Blurry photographs, sharp images and spikes of the same exposures, laid out as Spike-GOPRO is.

`{blur_data,sharp_data}/SCENE/NNNNNN.png` and `spike_data/SCENE/NNNNNN.dat` (Chen et al., NeurIPS
2024), each .dat with a sidecar, so that it opens by itself.
"""

import contextlib
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spikejax.formats.errors import FormatError
from spikejax.formats.images import write_image
from spikejax.formats.writing import write_dat

KINDS = ("blur_data", "sharp_data", "spike_data")


class SceneWriter:
    """Writes the exposures of one scene."""

    def __init__(self, folder: Path, facts: Mapping[str, Any], bits: int) -> None:
        """Writes into a folder that has the three folders of `KINDS`."""
        self._folder, self._facts, self._bits = folder, facts, bits
        self.count = 0

    def write(self, blur: Any, sharp: Any, spikes: Any) -> None:
        """Writes the next exposure.

        Args:
            blur: (H, W, 3) float intensity in [0, 1].
            sharp: the same, of the middle of the exposure.
            spikes: (T, h, w) of 0 and 1.
        """
        name = f"{self.count:06d}"
        for kind, image in (("blur_data", blur), ("sharp_data", sharp)):
            write_image(self._folder / kind / f"{name}.png", image, bits=self._bits)
        write_dat(self._folder / "spike_data" / f"{name}.dat", spikes, sidecar=self._facts)
        self.count += 1


@contextlib.contextmanager
def new_scene(
    folder: str | Path, scene: str, *, facts: Mapping[str, Any], bits: int = 8
) -> Iterator[SceneWriter]:
    """Makes a scene of a dataset, whole or not at all.

    Args:
        folder: the dataset's split: `train` or `test`; it exists, and may hold other scenes.
        scene: the name of the new one.
        facts: for the sidecars: rate_hz, gain, sensor.
        bits: 8 or 16, of the images.

    Yields:
        What writes the exposures; the scene appears when the block succeeds.

    Raises:
        FileExistsError: if there is a scene of that name.
        FormatError: if `bits` is neither.
    """
    folder = Path(folder)
    if bits not in (8, 16):
        raise FormatError(f"bits: expected 8 or 16, got {bits}")
    targets = {kind: folder / kind / scene for kind in KINDS}
    for target in targets.values():
        if target.exists():
            raise FileExistsError(f"{target}: is there already; delete it or choose another name")
    temporary = folder / f".{secrets.token_hex(6)}.part"
    made = [folder / kind for kind in KINDS if not (folder / kind).exists()]
    moved: list[Path] = []
    try:
        for kind in KINDS:
            (temporary / kind).mkdir(parents=True)
        yield SceneWriter(temporary, facts, bits)
        for kind, target in targets.items():  # the spikes, by which a scene is found, at last
            target.parent.mkdir(exist_ok=True)
            (temporary / kind).rename(target)
            moved.append(target)
    except BaseException:
        for target in moved:
            shutil.rmtree(target, ignore_errors=True)
        for parent in made:
            with contextlib.suppress(OSError):
                parent.rmdir()
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
