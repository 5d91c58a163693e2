"""Makes the NIQE model that ships, from photographs that come with scikit-image.

    python examples/fit_niqe_model.py spikejax/metrics/data/niqe_photographs.npz

All nine are CC0 or in the public domain; together they are far fewer than the 125 photographs of
the published model, so that the scores compare with each other alone.
"""

import sys

import skimage.data

from spikejax.metrics import niqe

PHOTOGRAPHS = ("astronaut", "brick", "camera", "chelsea", "coffee", "grass", "gravel", "rocket")
STEP = 48  # pixels: every photograph is cut into blocks from four places, half a block apart


def photographs():
    """Yields each photograph, whole and without its first rows, columns or both."""
    left, _, _ = skimage.data.stereo_motorcycle()
    for image in (*(getattr(skimage.data, name)() for name in PHOTOGRAPHS), left):
        for row in (0, STEP):
            for column in (0, STEP):
                yield image[row:, column:]


if __name__ == "__main__":
    name = "spikejax's own, of 9 photographs; not the published model"
    model = niqe.fit(photographs(), name=name, data_range=255.0)
    model.save(sys.argv[1])
    print(f"{model.name}: {sys.argv[1]}")
