"""Tests of the tasks of S-SDM on small datasets in the published layouts."""

import jax
import pytest
from published_trees import make_spike_gopro, make_spike_rsb

from spikejax import tasks
from spikejax.datasets import batches, prepare_dataset
from spikejax.training import exposure_config


@pytest.mark.parametrize("name", ["spike_gopro", "spike_rsb"])
def test_the_published_data_train_every_task(tmp_path, rng, name):
    """Prepares, crops and batches the data, and checks the shapes of loss and predictions."""
    make = {"spike_gopro": make_spike_gopro, "spike_rsb": make_spike_rsb}[name]
    make(tmp_path / "manual", rng)
    prepare_dataset(name, tmp_path / "data", manual_dir=tmp_path / "manual")
    for task_name, loss in (
        ("bsn", {"mse": 1.0}),
        ("edsr", {"mse": 1.0, "dither": True}),
        ("ldn", {"teacher": 1.0, "reblur": 1.0, "vgg16": ""}),
    ):
        config = exposure_config()
        config.task, config.loss = task_name, loss
        config.data.source, config.data.folder, config.data.size = name, str(tmp_path / "data"), 4
        config.teacher = {"bsn": "shipped", "edsr": "shipped", "blind": True}
        task = tasks.create(config)
        batch = next(batches(dict(config.data), batch_size=1, window=task.window))
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
