"""The base class of the TFDS builders: clips as features, array_record files, no TensorFlow."""

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from spikejax.datasets.published.clips import Clip, ClipFiles
from spikejax.datasets.published.layouts import LAYOUTS, find_clips

_BYTES = tfds.features.Encoding.BYTES


class SpikeBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """Clips of spikes with images, as `spikejax.datasets.published.clips` describes them.

    `as_data_source` returns clips by index, for `pipeline.windows`. It reads each clip whole; for
    training on long clips the files of `spikejax prepare` are faster.
    """

    VERSION: ClassVar[Any] = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First version."}

    def __init__(self, *, file_format: str = "array_record", **options: Any) -> None:
        """Makes a builder.

        Args:
            file_format: the format of the files; array_record needs no TensorFlow.
            options: options of TFDS: `data_dir` and others.
        """
        super().__init__(file_format=file_format, **options)

    def _described(self, images: int, description: str, **info: Any) -> Any:
        """Returns the info of clips whose images have this many channels, 0 for no images."""
        features = {
            "name": tfds.features.Text(doc="The clip's name."),
            "packed": tfds.features.Tensor(
                shape=(None, None, None),
                dtype=np.uint8,
                encoding=_BYTES,
                doc="(T, H, ceil(W / 8)) spikes, eight pixels per byte, least significant first.",
            ),
            "width": tfds.features.Scalar(np.int32, doc="W, pixels per row."),
            "gain": tfds.features.Scalar(np.float32, doc="Spikes per readout at intensity 1."),
            "rate_hz": tfds.features.Scalar(np.float32, doc="Readouts per second."),
        }
        if images:
            features["images"] = tfds.features.Tensor(
                shape=(None, None, None, images),
                dtype=np.uint16,
                encoding=_BYTES,
                doc="(N, s H, s W, C) sharp images, intensity 1 as 65535.",
            )
            features["centres"] = tfds.features.Tensor(
                shape=(None,), dtype=np.int32, doc="(N,) the readouts of the images."
            )
        if info.pop("blur", False):
            features["blur"] = tfds.features.Tensor(
                shape=(None, None, 3),
                dtype=np.uint16,
                encoding=_BYTES,
                doc="(s H, s W, 3) the photograph over the exposure, 1 as 65535.",
            )
        return tfds.core.DatasetInfo(
            builder=self,
            description=description,
            features=tfds.features.FeaturesDict(features),
            **info,
        )


class PublishedBuilder(SpikeBuilder, skip_registration=True):  # type: ignore[call-arg]
    """A published dataset, from the files in the manual directory."""

    def _info(self) -> Any:
        layout = LAYOUTS[self.name]
        return self._described(
            (3 if layout.colour else 1) if layout.images else 0,
            layout.title,
            blur=layout.blur,
            homepage=layout.homepage,
            citation=layout.citation,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        splits = find_clips(self.name, dl_manager.manual_dir)
        return {split: self._generate_examples(clips) for split, clips in splits.items()}

    def _generate_examples(self, clips: list[ClipFiles]) -> Iterator[tuple[str, Clip]]:
        for files in clips:
            yield files.name, example_of(files.name, files.open())


def example_of(name: str, clip: Clip) -> Clip:
    """Converts a clip to the features: arrays in memory, images of 16 bits."""
    example = {"name": name, **clip, "packed": np.asarray(clip["packed"][:])}
    for key in ("images", "blur"):
        if key in example and example[key].dtype == np.uint8:
            example[key] = example[key].astype(np.uint16) * 257
    return example
