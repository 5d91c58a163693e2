"""What is decided before the first image."""

import numpy as np
import pytest

import spikejax as sj
from spikejax import inference


def test_a_plan_is_made_once_and_gives_the_images_of_reconstruct(recording, lrn_variables):
    method = inference.create_method("lrn", weights=lrn_variables)
    plan = inference.plan(recording, method, stride=40)
    assert plan.method is method
    assert (plan.gain, plan.stride, len(plan)) == (0.5, 40, 3)
    images = plan.images()
    assert len(images) == 3
    expected = sj.reconstruct(recording, "lrn", lrn_variables, stride=40)
    assert len(expected) == 3
    for (centre, image), (other, reference) in zip(images, expected, strict=True):
        assert centre == other
        np.testing.assert_array_equal(image, reference)


def test_the_stride_of_a_plan_is_none_where_it_varies(recording):
    assert inference.plan(recording, "tfp", centres=[30, 50, 70]).stride == 20
    assert inference.plan(recording, "tfp", centres=[30, 50, 71]).stride is None
    assert inference.plan(recording, "tfp", centres=[30]).stride is None


def test_a_method_has_its_options_already(recording, lrn_variables):
    method = inference.create_method("tfp", window=7)
    with pytest.raises(ValueError, match="a Method has its weights, window and dtype already"):
        inference.plan(recording, method, window=9)


def test_methods_are_ordered_by_the_quality_of_their_weights():
    names = inference.method_names()
    assert names[:3] == tuple(inference.CLASSICAL) == ("tfp", "tfi", "tfstp")
    quality = [sj.models.create(name).quality for name in names[3:]]
    assert quality == sorted(quality)
    assert inference.default_method() == names[-1]
    assert set(inference.available_methods()) - set(names[:3]) <= set(sj.weights.available())


@pytest.mark.parametrize("name", inference.method_names())
def test_every_method_says_what_it_is(name):
    assert "\n" not in inference.describe(name)
    if not inference.is_classical(name):
        model = sj.models.create(name)
        assert model.citation and model.label
        assert (model.quality > 0) == (name in sj.weights.available())
