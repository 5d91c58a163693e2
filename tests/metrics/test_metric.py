"""The registry of metrics in tables."""

import numpy as np
import pytest

from spikejax import metrics
from spikejax.metrics import metric


def test_the_columns_have_the_order_of_the_field():
    names = [one.name.partition(" own")[0] for one in metrics.table_metrics()]
    field = [
        "PSNR",
        "SSIM matlab",
        "SSIM skimage",
        "LPIPS alex",
        "NIQE",
        "BRISQUE",
    ]
    assert [name for name in names if name in field] == field


def test_a_registered_metric_becomes_a_column(monkeypatch):
    monkeypatch.setattr(metric._METRICS, "_factories", dict(metric._METRICS._factories))

    @metrics.register("bias")
    def create():
        return metrics.Metric(
            "bias", "mean difference", 3, False, lambda a, b: np.mean(a - b), order=15
        )

    own = metrics.table_metrics()[1]
    assert own.name == "bias"
    assert own(np.full((2, 3), 0.5), np.full((2, 3), 0.25)) == pytest.approx(0.25)


@pytest.mark.parametrize(("shape", "defined"), [((4, 8), True), ((8, 4), True), ((4, 7), False)])
def test_an_image_that_is_too_small_has_no_score(shape, defined):
    own = metrics.Metric("one", "", 1, True, lambda *_: 1.0, smallest=(4, 8))
    assert np.isnan(own(np.zeros(shape), np.zeros(shape))) != defined
