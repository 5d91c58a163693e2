"""Colour maps."""

import matplotlib
import numpy as np
import pytest

from spikejax.pictures import COLOUR_MAPS, colour_table, coloured


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_the_colours_are_those_of_matplotlib(name):
    expected = matplotlib.colormaps[name](np.linspace(0, 1, 256))[:, :3]
    np.testing.assert_allclose(colour_table(name), expected, atol=1e-6)


def test_the_ends_are_black_and_white_point():
    image = coloured(np.array([[0.0, 1.0, -3.0, 7.0, np.nan]]), "inferno")
    table = colour_table("inferno")
    np.testing.assert_array_equal(image[0], table[[0, 255, 0, 255, 0]])


def test_gray_leaves_an_image_as_it_is():
    image = np.random.default_rng(0).random((3, 4)).astype(np.float32)
    np.testing.assert_array_equal(coloured(image, "gray"), image)
    np.testing.assert_array_equal(coloured(image, None), image)


def test_an_unknown_map_is_refused():
    with pytest.raises(ValueError, match=r"colours: expected gray, .*got 'jet'"):
        coloured(np.zeros((2, 2)), "jet")
