"""`DataSpec`: which data it opens, which fields go together, and what it imports."""

import dataclasses
import subprocess
import sys

import pytest
from evaluated_samples import sample

from spikejax.evaluation.data_spec import DataSpec
from spikejax.formats import write_dat, write_image


def test_every_field_has_a_description():
    for field in dataclasses.fields(DataSpec):
        assert field.metadata["help"].endswith("."), field.name


def test_its_module_does_not_load_jax():
    code = "import sys, spikejax.evaluation.data_spec; print('jax' in sys.modules)"
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert run.stdout == "False\n"


def test_the_title_says_where_gains_are_from(tmp_path):
    for name, sidecar in (("a", {"gain": 0.5}), ("b", {"rate_hz": 20000.0}), ("c", None)):
        one = sample(1)
        write_dat(tmp_path / f"{name}.dat", one.recording[:], sidecar=sidecar)
        write_image(tmp_path / f"{name}.png", one.truth)
    title = f"3 images of {tmp_path}, gain"
    spec = DataSpec(str(tmp_path), height=24, width=32)
    assert spec.open().title.startswith(f"{title} 1 for the 2 where neither")
    assert dataclasses.replace(spec, gain=0.25).open().title == f"{title} 0.25"


def test_synthetic_scenes_have_a_number_size_and_seed():
    samples = DataSpec("synthetic", scenes=3, size="20x30", seed=7, gain=0.5).open()
    assert (samples.count, samples.identified, samples.published) == (3, True, None)
    for text in ("3 procedural scenes", "20x30", "seed 7", "gain 0.5"):
        assert text in samples.title


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"data": "synthetic", "height": 48}, "height: has no meaning with synthetic scenes"),
        ({"data": "synthetic", "size": "8x8"}, "size: expected 16x16 to 2000x2000, got 8x8"),
        ({"data": "synthetic", "scenes": 0}, "scenes: expected at least 1, got 0"),
        ({"data": "synthetic", "size": "big"}, "size: expected HEIGHTxWIDTH"),
        ({"data": "synthetic", "gain": 2.0}, "gain: expected more than 0 and at most 1"),
        ({"data": "clips", "seed": 1}, "seed: only with synthetic scenes"),
        ({"data": "clips", "split": "test"}, "split: only with the folder"),
        ({"data": "sreds"}, "folder: expected the folder that sreds was prepared in"),
        ({"data": "sreds", "folder": ".", "gain": 1.0}, "gain: has no meaning with a prepared"),
    ],
)
def test_fields_that_do_not_go_together_are_named(fields, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        DataSpec(**fields).open()
