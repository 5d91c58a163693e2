"""Batches by the name of their source: what a configuration chooses."""

from collections.abc import Iterator
from typing import Any, Protocol

from spikejax.datasets.batch import CELL, Batch
from spikejax.datasets.procedural.photograph_pieces import Photographs
from spikejax.datasets.procedural.scenes import SceneOptions
from spikejax.datasets.procedural.synthetic import SyntheticBatches, SyntheticOptions

_MADE = ("synthetic", "photographs")
_OWN = ("recordings", "pairs")
_OF_CAMERAS = ("gain", "ideal", "ssdm", "interpolated", "exposure", "moments")
_OF_SCENES = ("channels", "layers", "speed", "fastest", "still", "density", "share")


class Batches(Protocol):
    """An iterator over batches whose place can be kept."""

    def __iter__(self) -> Iterator[Batch]: ...

    def __next__(self) -> Batch: ...

    def get_state(self) -> dict[str, Any]:
        """Where it stands: plain JSON values."""
        ...

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes back to where `get_state` was called."""
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
        options: what `config.data` holds. `source` is 'synthetic' for procedural scenes,
            'photographs' for the same motions of pieces of the photographs in `folder`,
            'recordings' for the recordings with sharp images in `folder`, 'pairs' for the blurry
            photographs with spikes there, or the name of a dataset prepared there; none is 'pairs'
            if there is a folder, else 'synthetic'. `size` is the pixels of the spikes, a side.
            Further for the first two any of `gain` (lowest, highest), `ideal`, `ssdm`,
            `interpolated`, `exposure`, `moments`, `channels` (3: colour images four times as fine
            as the spikes), `layers`, `speed`, `fastest`, `still`, `density`, `share`, as in
            `SyntheticOptions` and `SceneOptions`; for the others `split`, `augment`, `workers`; for
            'recordings' and 'pairs' `recording_gain`, spikes a readout at intensity 1 where no
            sidecar says it, 0 if all of them do. What a source has no use for is ignored.
        batch_size: examples a step, of all processes together.
        window: L, readouts of a window.
        windows: J, windows of an example, 20 readouts apart.
        seed: the same seed, the same batches.
        process_index: which of the processes this is.
        process_count: how many there are.

    Returns:
        An endless iterator; `spikejax.datasets.batch` says what a batch is.

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
    if source in _MADE:
        made = _synthetic_options(options, size, window, windows)
        photographs = Photographs(_folder(options)) if source == "photographs" else None
        return SyntheticBatches(made, batch_size=batch_size, photographs=photographs, **sharing)
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
        raise ValueError("data.folder: expected the folder that the data is in")
    return str(options["folder"])


def _synthetic_options(
    options: dict[str, Any], size: int, window: int, windows: int
) -> SyntheticOptions:
    of_scene = {name: options[name] for name in _OF_SCENES if name in options}
    side = CELL * size if options.get("channels") == 3 else size
    of_camera = {name: options[name] for name in _OF_CAMERAS if name in options}
    for name in ("gain", "moments"):  # lists, where a configuration was saved
        if name in of_camera:
            of_camera[name] = tuple(of_camera[name])
    return SyntheticOptions(
        scene=SceneOptions(height=side, width=side, **of_scene),
        window=window,
        windows=windows,
        **of_camera,
    )
