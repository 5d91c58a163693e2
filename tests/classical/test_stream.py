import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax.classical import TFIStream, TFPStream, TFSTPStream, tfi, tfp, tfstp

STREAMS = [
    (TFPStream(window=1), lambda s, k: tfp(s, k, 1)),
    (TFPStream(window=21, gain=0.4), lambda s, k: tfp(s, k, 21, 0.4)),
    (TFPStream(window=41, gain=0.6), lambda s, k: tfp(s, k, 41, 0.6)),
    (TFPStream(window=65), lambda s, k: tfp(s, k, 65)),
    (TFPStream(window=155), lambda s, k: tfp(s, k, 155)),
    (TFIStream(reach=1), lambda s, k: tfi(s, k, 1)),
    (TFIStream(reach=20, gain=0.4), lambda s, k: tfi(s, k, 20, 0.4)),
    (TFIStream(reach=32), lambda s, k: tfi(s, k, 32)),
    (TFIStream(reach=70), lambda s, k: tfi(s, k, 70)),
    (TFSTPStream(gain=0.4), lambda s, k: tfstp(s, k, 0.4)),
    (TFSTPStream(estimate="release"), lambda s, k: tfstp(s, k, estimate="release")),
]
ONE_OF_EACH = [TFPStream(41, 0.6), TFIStream(20, 0.4), TFSTPStream(0.4)]


def recording(rng, readouts=75, shape=(3, 4)):
    """Returns spikes of bright, dark, empty and saturated pixels."""
    rates = rng.choice([0.0, 0.02, 0.1, 0.4, 1.0], shape)
    return (rng.random((readouts, *shape)) < rates).astype(np.uint8)


@pytest.mark.parametrize("stream, batch", STREAMS, ids=[str(stream) for stream, _ in STREAMS])
def test_a_stream_gives_the_images_of_the_whole_recording(rng, stream, batch):
    spikes = recording(rng)
    state, images = stream.run(stream.init(3, 4), spikes)
    images = np.concatenate([images, stream.finish(state)])
    assert len(images) == 75 + stream.latency
    np.testing.assert_allclose(images[stream.latency :], batch(spikes, np.arange(75)), rtol=1e-6)


@pytest.mark.parametrize("stream", ONE_OF_EACH, ids=str)
def test_chunks_and_single_steps_give_the_same(rng, stream):
    spikes = recording(rng, 24)
    state, images = stream.run(stream.init(3, 4), spikes)
    chunked, first = stream.run(stream.init(3, 4), spikes[:17])
    step = jax.jit(type(stream).step)
    rest = []
    for readout in spikes[17:]:
        chunked, image = step(stream, chunked, readout)
        rest.append(image)
    np.testing.assert_allclose(np.concatenate([first, rest]), images, rtol=1e-6)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), chunked, state)


@pytest.mark.parametrize("stream", ONE_OF_EACH, ids=str)
def test_the_state_keeps_its_size_and_images_are_finite(rng, stream):
    state = stream.init(3, 4)
    assert jnp.isfinite(stream.image(state)).all()
    after, images = stream.run(state, recording(rng, 24))
    assert jax.tree.map(lambda x: (x.shape, x.dtype), after) == jax.tree.map(
        lambda x: (x.shape, x.dtype), state
    )
    assert jnp.isfinite(images).all()


@pytest.mark.parametrize("stream", ONE_OF_EACH, ids=str)
def test_streams_process_batches_of_recordings(rng, stream):
    spikes = recording(rng, 24, (2, 3, 4))
    _, images = stream.run(stream.init(2, 3, 4), spikes)
    for i in range(2):
        _, one = stream.run(stream.init(3, 4), spikes[:, i])
        np.testing.assert_allclose(images[:, i], one, rtol=1e-6)


def test_another_gain_does_not_compile_again(rng):
    spikes = recording(rng, 10)
    TFPStream(5, 0.4).run(TFPStream(5).init(3, 4), spikes)
    before = TFPStream.run._cache_size()
    TFPStream(5, 0.7).run(TFPStream(5).init(3, 4), spikes)
    assert TFPStream.run._cache_size() == before


def test_the_images_lag_by_the_latency():
    assert [TFPStream(41).latency, TFIStream(20).latency, TFSTPStream().latency] == [20, 20, 0]


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match=r"^TFPStream: window: expected an odd .* got 40"):
        TFPStream(40)
    with pytest.raises(ValueError, match=r"^TFIStream: reach: expected a whole number"):
        TFIStream(0)
    with pytest.raises(ValueError, match=r"^TFSTPStream: gain: .* got 0.0"):
        TFSTPStream(gain=0)
