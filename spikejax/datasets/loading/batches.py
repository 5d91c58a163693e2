"""Batches from the source that a configuration names."""

from collections.abc import Iterator
from typing import Any, Protocol

from spikejax.camera.conventions import SCALE
from spikejax.datasets.batch import Batch
from spikejax.datasets.procedural.photograph_pieces import PhotographPieces
from spikejax.datasets.procedural.scenes import SceneOptions
from spikejax.datasets.procedural.synthetic import SyntheticBatches
from spikejax.datasets.procedural.synthetic_options import SyntheticOptions

_DRAWN = ("synthetic", "photographs")
_OWN = ("recordings", "pairs")
_OF_CAMERAS = (
    "gain",
    "ideal",
    "ssdm",
    "interpolated",
    "dim",
    "darkest",
    "exposure",
    "moments",
)
_OF_SCENES = ("channels", "layers", "speed", "fastest", "still", "density", "share")


class Batches(Protocol):
    """An endless iterator over batches whose position can be saved and restored."""

    def __iter__(self) -> Iterator[Batch]: ...

    def __next__(self) -> Batch: ...

    def get_state(self) -> dict[str, Any]:
        """Returns the position, as plain JSON values."""
        ...

    def set_state(self, state: dict[str, Any]) -> None:
        """Restores a position from `get_state`."""
        ...


def batches(
    options: Any,
    *,
    batch_size: int,
    window: int,
    windows: int = 1,
    seed: int = 0,
    process_index: int = 0,
    process_count: int = 1,
) -> Batches:
    """Opens a source of batches.

    Args:
        options: the section `data` of a configuration. `source` is 'synthetic' for procedural
            scenes, 'photographs' for the same motions of pieces of the photographs in `folder`,
            'recordings' for the recordings with sharp images in `folder`, 'pairs' for the blurry
            photographs with spikes in `folder`, or the name of a dataset prepared in `folder`.
            Without `source` it is 'pairs' if there is a folder, else 'synthetic'. `size` is the
            size of the spikes, pixels per side.
            The first two sources take any of `gain` (lowest, highest), `ideal`, `ssdm`,
            `interpolated`, `dim`, `darkest`, `exposure`, `moments`, `channels` (3: colour images at
            four times the resolution of the spikes), `layers`, `speed`, `fastest`, `still`,
            `density`, `share`, see `SyntheticOptions` and `SceneOptions`. The others take `split`,
            `augment`, `workers`. 'recordings' and 'pairs' also take `recording_gain`, the spikes
            per readout at intensity 1 of recordings without a sidecar; 0 if all have one. Options
            that a source does not use are ignored.
        batch_size: examples per step, of all processes together.
        window: L, readouts per window.
        windows: J, windows per example, 20 readouts apart.
        seed: seed of the batches; equal seeds give equal batches.
        process_index: index of this process.
        process_count: number of processes.

    Returns:
        An endless iterator over batches, see `spikejax.datasets.batch`.

    Raises:
        ValueError: if there is no such source, or an option does not fit.
    """
    options = dict(options)
    size = options.pop("size")
    source = options.pop("source", "") or ("pairs" if options.get("folder") else "synthetic")
    gain = options.get("recording_gain") or None
    if gain is not None and not (source in _OWN and 0 < gain < float("inf")):
        raise ValueError(
            "data.recording_gain: expected a positive number, for the sources "
            f"{' and '.join(map(repr, _OWN))} only; got {gain} for {source!r}"
        )
    sharing = {"seed": seed, "process_index": process_index, "process_count": process_count}
    if source in _DRAWN:
        synthetic = _synthetic_options(options, size, window, windows)
        photographs = PhotographPieces(_folder(options)) if source == "photographs" else None
        return SyntheticBatches(
            synthetic, batch_size=batch_size, photographs=photographs, **sharing
        )
    from spikejax.datasets.loading.pipeline import (
        windows as windows_of,  # grain takes long to import
    )
    from spikejax.datasets.published.prepared import open_source

    clips = open_source(source, _folder(options), split=options.get("split", "train"), gain=gain)
    return windows_of(
        clips,
        batch_size=batch_size,
        window=window,
        windows=windows,
        crop=size,
        augment=options.get("augment", True),
        workers=options.get("workers", 0),
        **sharing,
    )


def _folder(options: dict[str, Any]) -> str:
    if not options.get("folder"):
        raise ValueError("data.folder: expected the folder of the data")
    return str(options["folder"])


def _synthetic_options(
    options: dict[str, Any], size: int, window: int, windows: int
) -> SyntheticOptions:
    of_scene = {name: options[name] for name in _OF_SCENES if name in options}
    side = SCALE * size if options.get("channels") == 3 else size
    of_camera = {name: options[name] for name in _OF_CAMERAS if name in options}
    for name in ("gain", "moments"):  # lists in saved configurations
        if name in of_camera:
            of_camera[name] = tuple(of_camera[name])
    return SyntheticOptions(
        scene=SceneOptions(height=side, width=side, **of_scene),
        window=window,
        windows=windows,
        **of_camera,
    )
