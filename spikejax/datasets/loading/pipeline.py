"""Random windows of clips, cropped, augmented, batched and prefetched.

Grain batches the examples and prefetches them in threads or processes. Order and random numbers
depend only on the seed and the step. The position of the iterator is therefore one number, from
which it resumes with any number of workers and processes.
"""

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from spikejax.datasets.batch import Batch, Place
from spikejax.datasets.loading.cut import Cut, facts_of
from spikejax.datasets.published.blur_pairs import BlurPairFolder
from spikejax.datasets.published.prepared import Prepared

_THREADS = 2
_BATCHES_AHEAD = 4


class ClipSource(Protocol):
    """Clips by index, see `spikejax.datasets.published.clips`."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Mapping[str, Any]: ...


def windows(
    source: ClipSource,
    *,
    batch_size: int,
    window: int,
    windows: int = 1,
    crop: int | tuple[int, int] | None = None,
    seed: int = 0,
    process_index: int = 0,
    process_count: int = 1,
    augment: bool = True,
    workers: int = 0,
) -> "WindowBatches":
    """Creates an endless iterator over batches of windows of clips.

    A pass over the data takes one example of every clip, in a new order each time. Example n of
    step s depends only on the seed, s and n: any number of processes makes the same batches.

    Args:
        source: clips by index: `prepared.open_prepared`, `clips.RecordingFolder`,
            `blur_pairs.BlurPairFolder`, a TFDS data source of
            `spikejax.datasets.published.builders`, or any list of clips.
        batch_size: examples per step, of all processes together.
        window: L, readouts per window.
        windows: J, windows per example, 20 readouts apart, each with an image at its centre.
        crop: (h, w), or a side, of the random crop, pixels of the spikes; None for no crop, which
            requires clips of one size.
        seed: seed of the batches, 0 to 2^32 - 1; equal seeds give equal batches.
        process_index: index of this process.
        process_count: number of processes; each makes its part of every batch.
        augment: whether to apply a random one of the eight symmetries of the square that keep the
            shape.
        workers: processes that prefetch; 0 to prefetch in threads of this process.

    Returns:
        The iterator. A batch has `gain` (B,) float32. With images of the size of the spikes it has
        `packed` (B, T, h, ceil(w / 8)) uint8, otherwise `spikes` (B, T, h, w) uint8. It also has
        those of `images` (B, J, s h, s w, C) and `blur` (B, s h, s w, 3), float32 in [0, 1], and
        `flow` (B, J, ..., h, w, 2) float32 that the clips have. T is L + 20 (J - 1).

    Raises:
        ValueError: if the source is empty; if a clip of a prepared dataset or of pairs, or the
            first clip of another source, has no such windows or is smaller than the crop; or if an
            option is out of range.
    """
    if len(source) == 0:
        raise ValueError("source: expected at least one clip, got none")
    if batch_size < 1 or not 0 <= process_index < process_count or batch_size % process_count:
        raise ValueError(
            f"batch_size: cannot divide {batch_size} examples among {process_count} processes, "
            f"of which this has index {process_index}"
        )
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed: expected 0 to 2^32 - 1, got {seed}")
    if window < 1 or windows < 1 or workers < 0:
        raise ValueError(
            "windows: expected window and windows of at least 1 and workers of at least 0, got "
            f"{window}, {windows} and {workers}"
        )
    size = (crop, crop) if isinstance(crop, int) else crop
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise ValueError(f"crop: expected a side or (h, w), at least 1, got {crop}")
    cut = Cut(window=window, windows=windows, crop=size, augment=augment)
    if isinstance(source, Prepared | BlurPairFolder):
        folder = source.folder if isinstance(source, Prepared) else Path()
        for entry in source.entries:
            cut.starts(entry, str(folder / entry["file"]))
    else:
        cut.starts(facts_of(source[0]), "the first clip")
    return WindowBatches(
        source,
        cut,
        seed=seed,
        rows=range(
            batch_size * process_index // process_count,
            batch_size * (process_index + 1) // process_count,
        ),
        batch_size=batch_size,
        workers=workers,
    )


class WindowBatches(Place, Iterator[Batch]):
    """An endless iterator over batches, from `windows`."""

    def __init__(
        self, source: ClipSource, cut: Cut, *, seed: int, rows: range, batch_size: int, workers: int
    ) -> None:
        """Starts at step 0.

        Args:
            source: clips by index.
            cut: cuts an example from a clip.
            seed: seed of all random numbers.
            rows: examples of each batch that this process makes.
            batch_size: examples of a whole batch.
            workers: processes that prefetch.
        """
        super().__init__(seed)
        self._source, self._cut = source, cut
        self._rows, self._batch_size, self._workers = rows, batch_size, workers
        self._batches: Iterator[Batch] | None = None

    def __next__(self) -> Batch:
        if self._batches is None:
            self._batches = self._from(self.step)
        batch = next(self._batches)
        self.step += 1
        return batch

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restores a position, see `Place.set_state`; prefetched batches are dropped."""
        super().set_state(state)
        self._batches = None

    def _from(self, step: int) -> Iterator[Batch]:
        import grain

        examples = _Examples(self._source, self._cut, self.seed, step, self._batch_size, self._rows)
        batches = (
            grain.MapDataset.source(examples)
            .batch(len(self._rows), batch_fn=_batch)
            .to_iter_dataset(grain.ReadOptions(_THREADS, _BATCHES_AHEAD))
        )
        if self._workers:
            from absl import flags

            if not flags.FLAGS.is_parsed():
                flags.FLAGS.mark_as_parsed()  # grain reads flags when it starts processes
            batches = batches.mp_prefetch(grain.MultiprocessingOptions(self._workers))
        return iter(batches)


@dataclasses.dataclass(frozen=True)
class _Examples:
    """The examples of one process, in the order of the batches."""

    source: ClipSource
    cut: Cut
    seed: int
    first_step: int
    batch_size: int
    rows: range

    def __len__(self) -> int:
        return 2**48  # endless

    def __getitem__(self, index: int) -> dict[str, Any]:
        step, row = divmod(index, len(self.rows))
        number = (self.first_step + step) * self.batch_size + self.rows[row]
        epoch, place = divmod(number, len(self.source))
        chosen = _order(self.seed, epoch, len(self.source))[place]
        rng = np.random.Generator(np.random.Philox(key=[self.seed, number]))
        return self.cut(self.source[chosen], rng, name=f"clip {chosen}")

    def __repr__(self) -> str:
        return f"examples of {len(self.source)} clips"


@functools.lru_cache(4)
def _order(seed: int, epoch: int, count: int) -> list[int]:
    """Draws the order of the clips in one pass over them."""
    order: list[int] = np.random.default_rng([seed, epoch]).permutation(count).tolist()
    return order


def _batch(examples: Sequence[Mapping[str, Any]]) -> Batch:
    batch = {}
    for key in examples[0]:
        shapes = {example[key].shape for example in examples if key in example}
        if len(shapes) != 1 or any(key not in example for example in examples):
            raise ValueError(
                f"{key}: examples of a batch differ, {' and '.join(map(str, sorted(shapes)))}; "
                "pass crop= for clips of several sizes"
            )
        batch[key] = np.stack([example[key] for example in examples])
    return batch
