"""Simulation: videos and folders of images -> recordings and blurry photographs."""

from spikejax.simulation.shutter import ShutterTimes, SimulatedExposure
from spikejax.simulation.video import Filming, simulate_video

__all__ = ["Filming", "ShutterTimes", "SimulatedExposure", "simulate_video"]
