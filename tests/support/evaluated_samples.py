"""Random samples for evaluation, and metrics by name."""

import numpy as np

from spikejax.evaluation import Sample
from spikejax.formats import Recording
from spikejax.metrics import table_metrics


def sample(seed, *, readouts=61, size=(24, 32), gain=0.5, name=None):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.1, 0.9, size).astype(np.float32)
    spikes = (rng.random((readouts, *size)) < gain * truth).astype(np.uint8)
    return Sample(name or f"s{seed}", Recording.from_array(spikes, gain=gain), 30, truth)


def chosen(*names):
    return [metric for metric in table_metrics() if metric.name in names]
