"""Writing of photographs, sharp images and spikes of the same exposures in Spike-GOPRO's layout.

The layout is `{blur_data,sharp_data}/SCENE/NNNNNN.png` and `spike_data/SCENE/NNNNNN.dat` (Chen et
al., NeurIPS 2024). Each .dat has a sidecar, so it opens without options.
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

BLUR_DATA, SHARP_DATA, SPIKE_DATA = "blur_data", "sharp_data", "spike_data"
KINDS = (BLUR_DATA, SHARP_DATA, SPIKE_DATA)
"""The folders of blurry photographs, sharp images and recordings."""


class SceneWriter:
    """Writes the exposures of one scene."""

    def __init__(self, folder: Path, facts: Mapping[str, Any], bits: int) -> None:
        """Prepares to write into a folder that contains the folders `KINDS`."""
        self._folder, self._facts, self._bits = folder, facts, bits
        self.count = 0

    def write(self, blur: Any, sharp: Any, spikes: Any) -> None:
        """Writes the next exposure.

        Args:
            blur: (H, W, 3) float intensity in [0, 1].
            sharp: (H, W, 3) float intensity in [0, 1] at the middle of the exposure.
            spikes: (T, h, w) of 0 and 1.
        """
        name = f"{self.count:06d}"
        for kind, image in ((BLUR_DATA, blur), (SHARP_DATA, sharp)):
            write_image(self._folder / kind / f"{name}.png", image, bits=self._bits)
        write_dat(self._folder / SPIKE_DATA / f"{name}.dat", spikes, sidecar=self._facts)
        self.count += 1


@contextlib.contextmanager
def new_scene(
    folder: str | Path, scene: str, *, facts: Mapping[str, Any], bits: int = 8
) -> Iterator[SceneWriter]:
    """Creates a scene of a dataset; the scene appears when the block succeeds.

    Args:
        folder: the dataset's split, `train` or `test`; it exists, and may contain other scenes.
        scene: name of the new scene.
        facts: entries of the sidecars: rate_hz, gain, sensor.
        bits: 8 or 16 bits for the images.

    Yields:
        The writer of the exposures.

    Raises:
        FileExistsError: if the scene exists.
        FormatError: if `bits` is neither 8 nor 16.
    """
    folder = Path(folder)
    if bits not in (8, 16):
        raise FormatError(f"bits: expected 8 or 16, got {bits}")
    targets = {kind: folder / kind / scene for kind in KINDS}
    for target in targets.values():
        if target.exists():
            raise FileExistsError(f"{target}: already exists; delete it or choose another name")
    temporary = folder / f".{secrets.token_hex(6)}.part"
    new_parents = [folder / kind for kind in KINDS if not (folder / kind).exists()]
    moved: list[Path] = []
    try:
        for kind in KINDS:
            (temporary / kind).mkdir(parents=True)
        yield SceneWriter(temporary, facts, bits)
        for kind, target in targets.items():  # the spikes last, because readers look for them
            target.parent.mkdir(exist_ok=True)
            (temporary / kind).rename(target)
            moved.append(target)
    except BaseException:
        for target in moved:
            shutil.rmtree(target, ignore_errors=True)
        for parent in new_parents:
            with contextlib.suppress(OSError):
                parent.rmdir()
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
