"""Spike cameras in JAX: reconstruction, deblurring and a differentiable camera.

Images are channels-last float32, intensity linear in [0, 1]; spikes are (T, H, W) or (B, T, H, W)
uint8, 0 or 1; flow is (B, H, W, 2) in pixels, x then y, backward; time is counted in readouts.

Sub-packages and names load on first use, so that `import spikejax` costs next to nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spikejax import (
        camera,
        classical,
        datasets,
        deblur,
        evaluation,
        formats,
        inference,
        losses,
        metrics,
        models,
        ops,
        parallel,
        pictures,
        simulation,
        tasks,
        training,
        viewer,
        weights,
    )
    from spikejax.evaluation import evaluate
    from spikejax.formats import Recording, open_recording, write_dat
    from spikejax.inference import reconstruct
    from spikejax.simulation import simulate_video
    from spikejax.viewer import view

__version__ = "0.2.0"

_HOME = {
    "evaluate": "spikejax.evaluation",
    "Recording": "spikejax.formats",
    "open_recording": "spikejax.formats",
    "write_dat": "spikejax.formats",
    "reconstruct": "spikejax.inference",
    "simulate_video": "spikejax.simulation",
    "view": "spikejax.viewer",
}
_PACKAGES = (
    "camera",
    "classical",
    "datasets",
    "deblur",
    "evaluation",
    "formats",
    "inference",
    "losses",
    "metrics",
    "models",
    "ops",
    "parallel",
    "pictures",
    "simulation",
    "tasks",
    "training",
    "viewer",
    "weights",
)
__all__ = [
    "Recording",
    "camera",
    "classical",
    "datasets",
    "deblur",
    "evaluate",
    "evaluation",
    "formats",
    "inference",
    "losses",
    "metrics",
    "models",
    "open_recording",
    "ops",
    "parallel",
    "pictures",
    "reconstruct",
    "simulate_video",
    "simulation",
    "tasks",
    "training",
    "view",
    "viewer",
    "weights",
    "write_dat",
]


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return importlib.import_module(f"spikejax.{name}")
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'spikejax' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
