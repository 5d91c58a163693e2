"""`reconstruct` against the same computation done at once, on the whole recording."""

import contextlib
import dataclasses
import logging
import subprocess
import sys
import tracemalloc
import warnings

import jax
import numpy as np
import pytest

import spikejax as sj
from spikejax.formats import Recording

ENDS = [0, 3, 30, 77, 146, 149]


@pytest.mark.parametrize("method", ["tfp", "tfi", "tfstp"])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_classical_images_are_those_of_the_whole_recording(recording, spikes, method, batch_size):
    images = sj.reconstruct(recording, method, centres=ENDS, batch_size=batch_size)
    expected = getattr(sj.classical, method)(spikes, np.array(ENDS), gain=0.5)
    got = list(images)
    assert [centre for centre, _ in got] == ENDS
    for (_, image), reference in zip(got, expected, strict=True):
        assert image.dtype == np.float32
        np.testing.assert_allclose(image, reference, rtol=1e-6)


def test_the_window_of_tfp_and_tfi_can_be_chosen(recording, spikes):
    (_, tfp), *_ = sj.reconstruct(recording, "tfp", centres=[77], window=7)
    np.testing.assert_allclose(tfp, spikes[74:81].mean(0) / 0.5, rtol=1e-6)
    (_, tfi), *_ = sj.reconstruct(recording, "tfi", centres=[77], window=11)
    np.testing.assert_allclose(tfi, sj.classical.tfi(spikes, 77, reach=5, gain=0.5), rtol=1e-6)


@pytest.mark.parametrize(("stride", "batch_size"), [(20, 1), (20, 2), (7, 2)])
def test_sharing_blocks_gives_the_images_of_window_by_window(
    recording, spikes, stir_variables, stride, batch_size
):
    got = dict(
        sj.reconstruct(
            recording, "stir", stir_variables, stride=stride, batch_size=batch_size, gain=0.4
        )
    )
    assert list(got) == list(range(30, 120, stride))
    windows = np.stack([spikes[c - 30 : c + 31] for c in got])
    expected = window_by_window(stir_variables, windows)
    np.testing.assert_allclose(np.stack(list(got.values())), expected, atol=1e-5)


def window_by_window(variables, windows):
    apply = jax.jit(sj.models.create("stir").apply)
    return np.stack([apply(variables, window[None])[0, ..., 0] for window in windows])


def test_beyond_its_ends_a_recording_runs_backward(recording, spikes, stir_variables):
    mirrored = np.pad(spikes, ((30, 30), (0, 0), (0, 0)), mode="reflect")
    got = list(sj.reconstruct(recording, "stir", stir_variables, centres=[2, 147], gain=0.4))
    expected = window_by_window(stir_variables, np.stack([mirrored[2:63], mirrored[147:208]]))
    np.testing.assert_allclose(np.stack([image for _, image in got]), expected, atol=1e-5)


@pytest.mark.parametrize("method", ["tfp", "stir", "tfstp", "lrn"])
def test_a_recording_shorter_than_a_window_gives_one_image(
    spikes, stir_variables, lrn_variables, method
):
    variables = {"stir": stir_variables, "lrn": lrn_variables}.get(method)
    short = Recording.from_array(spikes[:9], gain=0.5)
    [(centre, image)] = sj.reconstruct(short, method, variables)
    assert centre == 4
    assert image.shape == (20, 44)
    assert np.isfinite(image).all()


def test_images_are_intensity_at_the_gain_of_the_recording(recording, spikes, lrn_variables):
    [(_, image)] = sj.reconstruct(recording, "lrn", lrn_variables, centres=[60])
    raw = sj.models.create("lrn").apply(lrn_variables, spikes[None, 40:81])[0, ..., 0]
    np.testing.assert_allclose(image, raw / 0.5, rtol=1e-5, atol=1e-6)
    trained_at = {**lrn_variables, "constants": {"trained_gain": np.float32(0.25)}}
    [(_, scaled)] = sj.reconstruct(recording, "lrn", trained_at, centres=[60])
    np.testing.assert_allclose(scaled, image / 4, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("tile", [16, (20, 24), (64, 64)])
@pytest.mark.parametrize("method", ["tfp", "tfi", "tfstp"])
def test_tiles_change_nothing_for_methods_without_neighbours(recording, method, tile):
    whole = dict(sj.reconstruct(recording, method))
    tiled = dict(sj.reconstruct(recording, method, tile=tile))
    assert whole.keys() == tiled.keys()
    for centre, image in whole.items():
        np.testing.assert_array_equal(tiled[centre], image)


def test_tiles_change_nothing_for_a_local_network(lrn_variables, rng):
    spikes = (rng.random((41, 50, 91)) < 0.3).astype(np.uint8)
    recording = Recording.from_array(spikes)
    [(_, whole)] = sj.reconstruct(recording, "lrn", lrn_variables)
    [(_, tiled)] = sj.reconstruct(recording, "lrn", lrn_variables, tile=(32, 40))
    np.testing.assert_allclose(tiled, whole, atol=1e-6)
    [(_, cut)] = sj.reconstruct(recording, "lrn", lrn_variables, tile=(32, 40), overlap=0)
    assert np.abs(cut - whole).max() > 1e-4  # the overlap is what makes it exact


def test_tiles_of_stir_are_whole_images(stir_variables, rng):
    recording = Recording.from_array((rng.random((61, 40, 90)) < 0.3).astype(np.uint8))
    [(_, image)] = sj.reconstruct(recording, "stir", stir_variables, tile=48, overlap=16)
    assert image.shape == (40, 90)
    assert np.isfinite(image).all()


def test_a_file_of_weights_is_read(recording, lrn_variables, tmp_path):
    path = tmp_path / "lrn.safetensors"
    sj.weights.save(path, lrn_variables, model="lrn")
    [(_, image)] = sj.reconstruct(recording, "lrn", path, centres=[60])
    [(_, expected)] = sj.reconstruct(recording, "lrn", lrn_variables, centres=[60])
    np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "tpf"}, "method: there is no 'tpf'; there are tfp, tfi, tfstp, .*lrn, stir"),
        ({"method": "tfp", "stride": 0}, "stride"),
        ({"method": "tfp", "centres": [150]}, "150 is not among .* 0 to 149"),
        ({"method": "tfp", "gain": 0.0}, "gain"),
        ({"method": "tfp", "batch_size": 0}, "batch_size"),
        ({"method": "tfp", "tile": 0}, "tile"),
        ({"method": "lrn", "tile": 8, "weights": "given"}, "overlap of 5"),
        ({"method": "tfp", "weights": "given"}, "weights: tfp is no network"),
        ({"method": "tfstp", "window": 3}, "window"),
        ({"method": "lrn", "window": 3, "weights": "given"}, "window"),
        ({"method": "tfp", "window": 4}, "window"),
    ],
)
def test_what_does_not_fit_is_refused(recording, lrn_variables, options, message):
    if "weights" in options:
        options = {**options, "weights": lrn_variables}
    with pytest.raises(ValueError, match=message):
        next(sj.reconstruct(recording, **options))


@dataclasses.dataclass(frozen=True)
class Endless:
    """A recording that is made up as it is read."""

    shape: tuple[int, int, int] = (100_000, 32, 64)
    gain: float = 1.0

    def packed(self, start, stop):
        return np.full((stop - start, 32, 8), 0b10010001, np.uint8)


@pytest.mark.parametrize("method", ["tfp", "tfi", "tfstp"])
def test_memory_does_not_grow_with_the_recording(method):
    images = sj.reconstruct(Endless(), method)
    for _ in range(20):
        next(images)
    tracemalloc.start()
    for _ in range(100):
        next(images)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2e6  # a batch of eight windows is 84 kB; the recording is 26 MB


def test_a_generator_that_is_half_used_at_the_end_of_a_script_is_silent():
    code = (
        "import numpy as np, spikejax as sj\n"
        "rec = sj.Recording.from_array(np.ones((300, 16, 16), np.uint8))\n"
        "images = sj.reconstruct(rec, 'tfp', stride=1)\n"
        "tiled = sj.reconstruct(rec, 'tfp', stride=1, tile=16)\n"
        "print(next(images)[0], next(tiled)[0])"
    )
    words = (sys.executable, "-c", code)
    run = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    assert (run.stdout, run.stderr) == ("20 20\n", "")


def test_images_belong_to_the_caller(recording):
    for _, image in sj.reconstruct(recording, "tfp"):
        image *= 2


@pytest.mark.parametrize(
    "options",
    [
        {"method": "tfp", "window": 4},
        {"method": "lrn", "tile": 8},
        {"method": "stir"},
        {"method": "tfp", "stride": 2.5},
        {"method": "tfp", "tile": (16, 16.5)},
        {"method": "tfp", "centres": [[1, 2], [3, 4]]},
    ],
)
def test_what_does_not_fit_is_refused_at_once(recording, lrn_variables, options):
    # LRN's weights, whatever the network: another network refuses them at once too
    weights = None if options["method"] == "tfp" else lrn_variables
    with pytest.raises(ValueError, match=r"\w"):
        sj.reconstruct(recording, weights=weights, **options)


def test_an_array_is_no_recording(spikes):
    with pytest.raises(ValueError, match=r"Recording\.from_array"):
        sj.reconstruct(spikes, "tfp")


@pytest.mark.parametrize("method", ["tfp", "tfi", "tfstp", "lrn"])
def test_a_second_recording_of_the_size_compiles_nothing_anew(recording, lrn_variables, method):
    variables = lrn_variables if method == "lrn" else None
    list(sj.reconstruct(recording, method, variables, centres=[60]))
    with jax.log_compiles(), warnings.catch_warnings(), compilations() as messages:
        warnings.simplefilter("ignore")
        list(sj.reconstruct(recording, method, variables, centres=[61], gain=0.7))
    assert not [m for m in messages if "Compiling" in m and ("_run" in m or "_advance" in m)]


@contextlib.contextmanager
def compilations():
    """Collects what JAX logs about compiling."""
    messages = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())
    logger = logging.getLogger("jax")
    logger.addHandler(handler)
    try:
        yield messages
    finally:
        logger.removeHandler(handler)
