"""A photograph, its spikes and small networks for `spikejax deblur`."""

import numpy as np
import pytest
from deblurred import SIZE
from synthetic_weights import SHAPES, state_dict

import spikejax as sj
from spikejax.formats import read_image, write_image


@pytest.fixture(scope="module")
def networks():
    return {n: sj.weights.from_torch(n, state_dict(SHAPES[n])) for n in ("ldn", "bsn", "edsr")}


@pytest.fixture
def student(tmp_path, networks):
    sj.weights.save(tmp_path / "ldn.safetensors", networks["ldn"], model="ldn")
    return ("--weights", "ldn=ldn.safetensors")


@pytest.fixture
def teacher(tmp_path, networks):
    for name in ("bsn", "edsr"):
        sj.weights.save(tmp_path / f"{name}.safetensors", networks[name], model=name)
    return ("-m", "teacher", "--weights", "bsn=bsn.safetensors", "--weights=edsr=edsr.safetensors")


@pytest.fixture(autouse=True)
def _nothing_ships(monkeypatch):
    """So that tests say the same whether weights ship or not."""
    monkeypatch.setattr(sj.weights, "available", lambda: ())


@pytest.fixture
def pair(tmp_path, rng):
    """blur.png and car.dat, with 12 readouts before the exposure of 21, and as many after it."""
    blur = rng.uniform(0.2, 0.9, (*SIZE, 3)).astype(np.float32)
    spikes = (rng.random((45, 8, 12)) < 0.4).astype(np.uint8)
    write_image(tmp_path / "blur.png", blur, bits=16)
    sj.write_dat(tmp_path / "car.dat", spikes, sidecar={"gain": 0.7, "rate_hz": 2000.0})
    return read_image(tmp_path / "blur.png"), spikes
