"""Expected images of a photograph and spikes to deblur."""

import spikejax as sj
from spikejax.camera import ExposureTiming

EXPOSURE = ExposureTiming(readouts=21, margin=10)
SIZE = (32, 48)


def expected(pair, method, weights, time, exposure=EXPOSURE, **options):
    """Returns the image of a moment, with times and spikes counted from readout 2."""
    blur, spikes = pair
    options |= {"method": method, "times": (time,), "weights": weights, "exposure": exposure}
    return next(sj.deblur.frames(blur, spikes[2:43], **options))[1]
