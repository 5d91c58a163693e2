"""Tests of the options of `datasets.batches`."""

import numpy as np
import pytest

from spikejax.datasets import batches
from spikejax.formats import write_dat, write_image


@pytest.fixture
def recordings(tmp_path, rng):
    """Writes two recordings with sharp images; only the second has a sidecar with its gain."""
    for name, facts in (("a", None), ("b", {"gain": 0.7})):
        write_dat(
            tmp_path / f"{name}.dat",
            rng.integers(0, 2, (61, 8, 16)).astype(np.uint8),
            sidecar=facts,
        )
        write_image(tmp_path / f"{name}.png", rng.random((8, 16)).astype(np.float32))
    return tmp_path


def opened(folder, **options):
    data = {"source": "recordings", "folder": str(folder), "size": 8, "augment": False}
    return batches(data | options, batch_size=2, window=21)


@pytest.mark.parametrize("options", [{}, {"recording_gain": 0.0}])
def test_recordings_of_unknown_gain_are_not_trained_on(recordings, options):
    message = r"a\.dat: no sidecar states .*1 of 2.*data\.recording_gain"
    with pytest.raises(ValueError, match=message):
        opened(recordings, **options)


def test_a_gain_that_is_given_is_that_of_recordings_without_a_sidecar(recordings):
    batch = next(opened(recordings, recording_gain=0.4))
    assert sorted(batch["gain"].tolist()) == pytest.approx([0.4, 0.7])


def test_no_gain_is_asked_for_where_sidecars_say_it(recordings):
    (recordings / "a.dat").unlink()
    assert next(opened(recordings))["gain"].tolist() == pytest.approx([0.7, 0.7])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recording_gain": -1.0}, "recording_gain: expected a positive number"),
        ({"recording_gain": 0.5, "source": "synthetic"}, "got 0.5 for 'synthetic'"),
        ({"recording_gain": 0.5, "split": "test"}, "only has the split 'train', not 'test'"),
    ],
)
def test_what_does_not_fit_is_refused(recordings, options, message):
    with pytest.raises(ValueError, match=message):
        opened(recordings, **options)
