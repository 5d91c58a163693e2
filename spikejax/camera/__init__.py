"""Light to spikes: the pixel, the sensor with its noise, and the photograph beside it."""

from spikejax.camera.neuron import integrate_and_fire
from spikejax.camera.surrogate import SURROGATES, Surrogate

__all__ = ["SURROGATES", "Surrogate", "integrate_and_fire"]
