"""Samples to evaluate methods on."""

import numpy as np

from spikejax.evaluation.metrics import measures
from spikejax.evaluation.scoring import Sample
from spikejax.formats import Recording


def sample(seed, *, readouts=61, size=(24, 32), gain=0.5, name=None):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.1, 0.9, size).astype(np.float32)
    spikes = (rng.random((readouts, *size)) < gain * truth).astype(np.uint8)
    return Sample(name or f"s{seed}", Recording.from_array(spikes, gain=gain), 30, truth)


def chosen(*names):
    return [measure for measure in measures() if measure.name in names]
