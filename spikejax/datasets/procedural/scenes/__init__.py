"""Procedural scenes of moving layers, rendered from a random key, inside jit, with exact flow."""

from spikejax.datasets.procedural.scenes.each import each
from spikejax.datasets.procedural.scenes.filming import Film, film
from spikejax.datasets.procedural.scenes.interpolated import interpolated
from spikejax.datasets.procedural.scenes.world import (
    Scene,
    SceneOptions,
    draw_canvases,
    draw_scenes,
    flow,
    render,
)

__all__ = [
    "Film",
    "Scene",
    "SceneOptions",
    "draw_canvases",
    "draw_scenes",
    "each",
    "film",
    "flow",
    "interpolated",
    "render",
]
