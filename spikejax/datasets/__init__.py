"""Scenes and recordings to train on and to try things out with."""

from spikejax.datasets.demo_scene import demo_scene

__all__ = ["demo_scene"]
