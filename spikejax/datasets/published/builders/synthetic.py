"""TFDS builder of procedural scenes, which needs no files."""

from collections.abc import Iterator
from typing import Any

from spikejax.datasets.published.builders.builder import SpikeBuilder, example_of
from spikejax.datasets.published.clips import Clip
from spikejax.datasets.published.synthetic_clips import SyntheticClip, SyntheticDataset


class SpikejaxSynthetic(SpikeBuilder):
    """Procedural scenes with simulated spikes: 1000 clips of 121 readouts of 128x128."""

    def __init__(self, *, dataset: SyntheticDataset | None = None, **options: Any) -> None:
        """Makes a builder.

        Args:
            dataset: options of the dataset; None for the defaults.
            options: options of TFDS: `data_dir` and others.
        """
        self._dataset = dataset or SyntheticDataset()
        super().__init__(**options)

    def _info(self) -> Any:
        return self._described(1, "Procedural scenes of moving layers, with simulated spikes.")

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        splits = self._dataset.splits()
        return {split: self._generate_examples(clips) for split, clips in splits.items()}

    def _generate_examples(self, clips: list[SyntheticClip]) -> Iterator[tuple[str, Clip]]:
        for clip in clips:
            yield clip.name, example_of(clip.name, clip.open())
