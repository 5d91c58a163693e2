import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from spikejax.datasets import SyntheticOptions, synthetic_batch
from spikejax.datasets.procedural.illumination import draw_illumination
from spikejax.datasets.procedural.scenes import SceneOptions


@pytest.fixture(scope="module")
def factors():
    keys = jax.random.split(jax.random.key(0), 2000)
    return np.asarray(draw_illumination(keys, 8, 6, dim=0.5, darkest=0.01))


def test_the_share_of_dim_scenes_is_as_asked(factors):
    assert factors.shape == (2000, 8, 6) and factors.min() > 0 and factors.max() <= 1
    dim = (factors < 1).any((1, 2)).sum()
    assert scipy.stats.binomtest(int(dim), 2000, 0.5).pvalue > 0.001


def test_levels_are_log_uniform_and_shadows_are_deeper(factors):
    brightest = factors.max((1, 2))[(factors < 1).any((1, 2))]
    level = np.log(brightest) / np.log(0.01)  # 0 at 1, 1 at the darkest level
    assert 0.45 < level.mean() < 0.6 and level.max() < 1.3
    assert (factors.min((1, 2)) < 0.1 * factors.max((1, 2))).mean() > 0.05


def test_scenes_that_are_not_dim_and_options_without_dim_stay_as_they_are():
    scene = SceneOptions(height=8, width=8, share=1)
    plain = SyntheticOptions(scene=scene, window=21, ideal=1.0)
    some = SyntheticOptions(scene=scene, window=21, ideal=1.0, dim=0.5)
    key = jax.random.key(1)
    before, after = (synthetic_batch(key, options, count=6) for options in (plain, some))
    ratio = np.asarray(after["images"] / before["images"])
    changed = ratio.min((1, 2, 3, 4)) < 1
    assert 0 < changed.sum() < 6 and (ratio[~changed] == 1).all()
    np.testing.assert_array_equal(after["spikes"][~changed], before["spikes"][~changed])
    rate = jnp.asarray(after["spikes"], jnp.float32).mean(1)
    expected = after["images"][:, 0, ..., 0] * after["gain"][:, None, None]
    assert abs(float(rate[changed].mean() / expected[changed].mean()) - 1) < 0.2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dim": 1.5}, "dim from 0 to 1"),
        ({"darkest": 0.0}, "darkest above 0"),
        ({"dim": 0.5, "scene": SceneOptions(height=32, width=32, channels=3)}, "dim 0 with colour"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        SyntheticOptions(**options)
