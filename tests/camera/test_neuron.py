import jax
import numpy as np
import pytest

from spikejax.camera import integrate_and_fire

MOST = 1e-4  # one spike in 10,000 may fall on the other side of a rounding


def test_published_circuit(golden):
    z = golden("simulate")
    light = np.concatenate([z["circuit_first_frame"][None], z["scene"]])
    current = light * np.float32(z["circuit_gain"])
    spikes, _ = integrate_and_fire(current, threshold=2.0, reset="modulo", strict=True)
    assert np.mean(np.asarray(spikes[1:]) != z["circuit_spikes"]) <= MOST


@pytest.mark.parametrize("jitted", [False, True])
def test_ideal_pixel(golden, jitted):
    z = golden("simulate")
    call = jax.jit(integrate_and_fire) if jitted else integrate_and_fire
    spikes, _ = call(z["scene"], threshold=2.0, initial=z["ideal_initial"])
    assert np.mean(np.asarray(spikes) != z["ideal_spikes"]) <= MOST
