"""Procedural scenes: worlds of moving layers, made from a key, inside jit, with exact flow."""

from spikejax.datasets.scenes.world import (
    Scene,
    SceneOptions,
    draw_canvases,
    draw_scenes,
    flow,
    render,
)

__all__ = ["Scene", "SceneOptions", "draw_canvases", "draw_scenes", "flow", "render"]
