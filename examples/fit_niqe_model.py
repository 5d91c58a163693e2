"""Makes the NIQE model that ships, from photographs that come with scikit-image.

    python examples/fit_niqe_model.py spikejax/metrics/data/niqe_photographs.npz
    python examples/fit_niqe_model.py with_scenes.npz 12    # and twelve procedural scenes

All nine are CC0 or in the public domain; together they are far fewer than the 125 photographs of
the published model, so that the scores compare with each other alone. The scenes are left out of
the one that ships: under a model of both, a photograph (skimage.data.moon) blurred by a Gaussian of
1 pixel scored better than as it is, 9.9 against 11.6; under that of the photographs alone, 19.6
against 13.4.
"""

import sys

import jax
import numpy as np
import skimage.data

from spikejax.datasets.procedural.scenes import SceneOptions, draw_canvases, draw_scenes, render
from spikejax.metrics import niqe

PHOTOGRAPHS = ("astronaut", "brick", "camera", "chelsea", "coffee", "grass", "gravel", "rocket")
STEP = 48  # pixels: every photograph is cut into blocks from four places, half a block apart
SIZE = 288  # of a scene


def photographs():
    """Yields each photograph, whole and without its first rows, columns or both."""
    left, _, _ = skimage.data.stereo_motorcycle()
    for image in (*(getattr(skimage.data, name)() for name in PHOTOGRAPHS), left):
        for row in (0, STEP):
            for column in (0, STEP):
                yield image[row:, column:]


def scenes(count):
    """Yields procedural scenes at one moment, on 0..255."""
    options = SceneOptions(height=SIZE, width=SIZE, share=1)

    @jax.jit
    def picture(key):
        of_canvas, of_scene = jax.random.split(key)
        drawn = draw_scenes(of_scene[None], np.zeros(1, np.int32), options)
        scene = jax.tree.map(lambda x: x[0], drawn)
        return render(draw_canvases(of_canvas[None], options), scene, 0.0, options)

    for number in range(count):
        yield 255.0 * np.asarray(picture(jax.random.key(number)), np.float64)


if __name__ == "__main__":
    path, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
    kinds = "9 photographs" + (f" and {count} scenes" if count else "")
    name = f"spikejax's own, of {kinds}; not the published model"
    model = niqe.fit([*photographs(), *scenes(count)], name=name, data_range=255.0)
    model.save(path)
    print(f"{model.name}: {path}")
