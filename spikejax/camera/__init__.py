"""Light to spikes: the pixel, the sensor with its noise, and the photograph beside it.

`integrate_and_fire` is the pixel alone. A `Sensor` has the parameters of a camera, `simulate` turns
a scene into its spikes, `power_on` and `record` do so piece by piece, and `expose` takes the blurry
photograph of the same scene.
"""

from spikejax.camera.exposure import expose, to_grey
from spikejax.camera.exposure_timing import ExposureTiming
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
    "integrate_and_fire",
    "power_on",
    "record",
    "simulate",
    "simulate_stream",
    "to_grey",
]
