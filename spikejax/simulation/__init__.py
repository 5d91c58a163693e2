"""Videos and folders of images to recordings, with blurry photographs beside them."""

from spikejax.simulation.shutter import ShutterTimes, SimulatedExposure
from spikejax.simulation.video import Filming, simulate_video

__all__ = ["Filming", "ShutterTimes", "SimulatedExposure", "simulate_video"]
