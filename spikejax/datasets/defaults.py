"""The data section of a training configuration."""

from typing import Any


def data_defaults() -> dict[str, Any]:
    """Returns the options of `datasets.batches` with their defaults, for `config.data`."""
    return {
        "source": "synthetic",
        "folder": "",
        "split": "train",
        "augment": True,
        "workers": 0,
        "recording_gain": 0.0,
        "windows": 1,
        "size": 64,
        "gain": (0.3, 1.0),
        "ideal": 0.3,
        "interpolated": 0.0,
        "dim": 0.0,
        "darkest": 0.01,
        "layers": 2,
        "speed": 0.2,
        "fastest": 2.0,
        "still": 0.05,
        "density": 1.5,
        "share": 4,
    }


def is_drawn(options: Any) -> bool:
    """Returns whether a data section draws scenes from a seed, so that another seed is held out.

    Args:
        options: data section with `source` and `folder`.
    """
    return options.source in ("synthetic", "photographs") or not (options.source or options.folder)
