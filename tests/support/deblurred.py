"""A photograph and spikes to deblur, and what should come of them."""

import spikejax as sj
from spikejax.camera import ExposureTiming

EXPOSURE = ExposureTiming(readouts=21, margin=10)
SIZE = (32, 48)


def expected(pair, method, weights, time, exposure=EXPOSURE, **options):
    """The image of a moment; times and spikes from two readouts after the recording's first."""
    blur, spikes = pair
    options |= {"method": method, "times": (time,), "weights": weights, "exposure": exposure}
    return next(sj.deblur.frames(blur, spikes[2:43], **options))[1]
