"""Conventions that datasets, networks and inference share."""

import numpy as np
import numpy.typing as npt

STRIDE = 20
"""Readouts from one window (or sharp image) of a sequence to the next."""

SCALE = 4
"""Pixels of a photograph per pixel of the spike camera beside it, along each axis."""


def reflect_time(indices: npt.NDArray[np.integer], readouts: int) -> npt.NDArray[np.integer]:
    """Reflects the indices of readouts at the ends of a recording: -1 becomes 1, T becomes T - 2.

    Args:
        indices: integers, any shape; they may lie any distance outside the recording.
        readouts: T, the length of the recording.

    Returns:
        Indices of the same shape, 0 to T - 1.
    """
    if readouts == 1:
        return np.zeros_like(indices)
    period = 2 * (readouts - 1)
    folded = np.mod(indices, period)
    return np.minimum(folded, period - folded)
