"""Batches by the name of their source: what a configuration chooses."""

from collections.abc import Iterator
from typing import Any, Protocol

from spikejax.datasets.batch import Batch
from spikejax.datasets.scenes import SceneOptions
from spikejax.datasets.synthetic import SyntheticBatches, SyntheticOptions


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
        options: what `config.data` holds: `source` ('synthetic') and `size` (pixels, a side); for
            'synthetic' also any of `gain` (lowest, highest), `ideal`, `speed`, `fastest`, `layers`,
            `share`, as in `SyntheticOptions` and `SceneOptions`.
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
    source, size = options.pop("source"), options.pop("size")
    sharing = {"seed": seed, "process_index": process_index, "process_count": process_count}
    if source != "synthetic":
        raise ValueError(f"data.source: expected synthetic, got {source!r}")
    return SyntheticBatches(
        _synthetic_options(options, size, window, windows), batch_size=batch_size, **sharing
    )


def _synthetic_options(
    options: dict[str, Any], size: int, window: int, windows: int
) -> SyntheticOptions:
    of_scene = {
        name: options.pop(name)
        for name in ("layers", "speed", "fastest", "still", "density", "share")
        if name in options
    }
    options = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}
    scene = SceneOptions(height=size, width=size, **of_scene)
    try:
        return SyntheticOptions(scene=scene, window=window, windows=windows, **options)
    except TypeError as error:
        raise ValueError(f"data: unknown options among {sorted(options)}") from error
