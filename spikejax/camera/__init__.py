"""Spike camera simulation: pixels, sensors with noise, and photographs of the same scene.

`integrate_and_fire` is the pixel alone. A `Sensor` holds the parameters of a camera. `simulate`
converts a scene to spikes; `power_on` and `record` do so piece by piece. `expose` takes the blurry
photograph of the same scene.
"""

from spikejax.camera.exposure import expose
from spikejax.camera.exposure_timing import ExposureTiming
from spikejax.camera.grey import grey_of, to_grey
from spikejax.camera.neuron import integrate_and_fire
from spikejax.camera.recorder import CameraState, power_on, record
from spikejax.camera.sensor import SENSORS, Pattern, Sensor
from spikejax.camera.simulate import simulate, simulate_stream
from spikejax.camera.surrogate import SURROGATES, Surrogate

__all__ = [
    "SENSORS",
    "SURROGATES",
    "CameraState",
    "ExposureTiming",
    "Pattern",
    "Sensor",
    "Surrogate",
    "expose",
    "grey_of",
    "integrate_and_fire",
    "power_on",
    "record",
    "simulate",
    "simulate_stream",
    "to_grey",
]
