"""The message where no weights ship."""

import pytest

from spikejax import weights


def test_the_published_checkpoint_is_named():
    message = r"no weights of 'bsf' ship .* \(--weights\) give a .safetensors file, .* bsf.pth"
    with pytest.raises(ValueError, match=message):
        weights.resolve("bsf")


def test_a_network_without_one_asks_for_any_file():
    with pytest.raises(ValueError, match=r"a published \.pth, or the folder of a training run"):
        weights.resolve("etnet")
