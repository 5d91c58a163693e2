"""The tasks of S-SDM on the published data sets, prepared from small ones of their layout."""

import jax
import pytest
from published_trees import make_spike_gopro, make_spike_rsb

from spikejax import tasks
from spikejax.datasets import batches
from spikejax.datasets.published.preparation import main as prepare
from spikejax.training import exposure_config


@pytest.mark.parametrize("name", ["spike_gopro", "spike_rsb"])
def test_the_published_data_train_every_task(tmp_path, rng, name):
    """Prepared, cut, batched, and through the loss, as far as shapes go."""
    make = {"spike_gopro": make_spike_gopro, "spike_rsb": make_spike_rsb}[name]
    make(tmp_path / "manual", rng)
    words = ["--manual-dir", str(tmp_path / "manual"), "--data-dir", str(tmp_path / "data")]
    assert prepare([name, *words]) == 0
    for task_name, loss in (
        ("bsn", {"mse": 1.0}),
        ("sr", {"mse": 1.0, "dither": True}),
        ("ldn", {"teacher": 1.0, "reblur": 1.0, "vgg16": ""}),
    ):
        made = exposure_config()
        made.task, made.loss = task_name, loss
        made.data.source, made.data.folder, made.data.size = name, str(tmp_path / "data"), 4
        made.teacher = {"bsn": "shipped", "sr": "shipped", "blind": True}
        task = tasks.create(made)
        batch = next(batches(dict(made.data), batch_size=1, window=task.window))
        check_shapes(task, batch)


def check_shapes(task, batch):
    def everything(key, batch):
        variables = task.init(key)
        total, _ = task.loss(variables["params"], {}, batch, key)
        images = task.predict(variables, batch), task.target(batch), task.preview(batch)
        return total, images

    total, images = jax.eval_shape(everything, jax.random.key(0), batch)
    assert total.shape == ()
    assert len({image.shape for image in images}) == 1
