"""Checks of the images of a loss."""

from typing import Any

import jax.numpy as jnp
import numpy as np


def check_pair(name: str, image: Any, target: Any) -> None:
    """Raises ValueError unless both are (B, H, W, C) floating, of one shape."""
    for role, x in (("image", image), ("target", target)):
        if np.ndim(x) != 4 or not jnp.issubdtype(x.dtype, jnp.floating):
            raise ValueError(
                f"{name}: expected {role} (B, H, W, C) floating, got {np.shape(x)} "
                f"{getattr(x, 'dtype', type(x).__name__)}"
            )
    if image.shape != target.shape:
        raise ValueError(f"{name}: image {image.shape} and target {target.shape} differ in shape")
