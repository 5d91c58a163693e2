"""Resampling of images: upsampling, pooling, pyramids, and exchange of pixels and channels."""

import jax
import jax.numpy as jnp


def upsample2(image: jax.Array) -> jax.Array:
    """Doubles the size bilinearly, with half-pixel centres and clamped edges.

    An output pixel lies a quarter of an input pixel from the nearest input pixel. Its value is 3/4
    of that pixel plus 1/4 of the next (PyTorch's `align_corners=False`).

    Args:
        image: (B, H, W, C) floating.

    Returns:
        (B, 2H, 2W, C) of the same dtype.

    Raises:
        ValueError: if `image` is not (B, H, W, C) floating.
    """
    _check("upsample2", image, floating=True)
    return _double(_double(image, 1), 2)


def _double(x: jax.Array, axis: int) -> jax.Array:
    size = x.shape[axis]

    def part(start: int, stop: int) -> jax.Array:
        return jax.lax.slice_in_dim(x, start, stop, axis=axis)

    before = jnp.concatenate([part(0, 1), part(0, size - 1)], axis)
    after = jnp.concatenate([part(1, size), part(size - 1, size)], axis)
    pair = jnp.stack([0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after], axis + 1)
    return pair.reshape(*x.shape[:axis], 2 * size, *x.shape[axis + 1 :])


def nearest_upsample2(image: jax.Array) -> jax.Array:
    """Doubles the size by repeating every pixel over a 2x2 cell.

    Args:
        image: (B, H, W, C).

    Returns:
        (B, 2H, 2W, C) of the same dtype.

    Raises:
        ValueError: if `image` is not (B, H, W, C).
    """
    _check("nearest_upsample2", image)
    B, H, W, C = image.shape
    cells = jnp.broadcast_to(image.reshape(B, H, 1, W, 1, C), (B, H, 2, W, 2, C))
    return cells.reshape(B, 2 * H, 2 * W, C)


def resize_bilinear(image: jax.Array, height: int, width: int) -> jax.Array:
    """Resizes bilinearly to any size, with half-pixel centres, clamped edges, no antialiasing.

    Args:
        image: (B, H, W, C) floating.
        height: rows of the result, positive.
        width: columns of the result, positive.

    Returns:
        (B, height, width, C) of the same dtype.

    Raises:
        ValueError: if `image` is not (B, H, W, C) floating or the new size is not positive.
    """
    _check("resize_bilinear", image, floating=True)
    if height < 1 or width < 1:
        raise ValueError(f"resize_bilinear: expected a positive size, got {height} x {width}")
    shape = (image.shape[0], height, width, image.shape[3])
    return jax.image.resize(image, shape, "bilinear", antialias=False)


def average_pool2(image: jax.Array) -> jax.Array:
    """Halves the size by taking the mean of every 2x2 cell.

    Args:
        image: (B, H, W, C) floating, H and W even.

    Returns:
        (B, H / 2, W / 2, C) of the same dtype.

    Raises:
        ValueError: if `image` is not (B, H, W, C) floating, or H or W is odd.
    """
    _check("average_pool2", image, floating=True)
    B, H, W, C = _even("average_pool2", image)
    return image.reshape(B, H // 2, 2, W // 2, 2, C).mean((2, 4))


def average_pyramid(image: jax.Array, levels: int) -> list[jax.Array]:
    """Builds a pyramid of images by repeated 2x2 means.

    Args:
        image: (B, H, W, C) floating, H and W divisible by 2^(levels - 1).
        levels: number of images in the pyramid, including `image`; positive.

    Returns:
        [image, half size, quarter size, ...], `levels` images.

    Raises:
        ValueError: if `levels` is not positive, or H or W is not divisible by 2^(levels - 1).
    """
    _check("average_pyramid", image, floating=True)
    if levels < 1 or image.shape[1] % 2 ** (levels - 1) or image.shape[2] % 2 ** (levels - 1):
        raise ValueError(
            f"average_pyramid: {levels} levels need a size divisible by {2 ** max(levels - 1, 0)}, "
            f"got {image.shape[1]} x {image.shape[2]}"
        )
    pyramid = [image]
    while len(pyramid) < levels:
        pyramid.append(average_pool2(pyramid[-1]))
    return pyramid


def depth_to_space(x: jax.Array, factor: int = 2) -> jax.Array:
    """Moves channels into cells of pixels, in the order of PyTorch's `pixel_shuffle`.

    Args:
        x: (B, H, W, factor^2 C). Output channel c comes from factor^2 input channels, starting at
            factor^2 c, row by row in the cell.
        factor: side of a cell in pixels, positive.

    Returns:
        (B, factor H, factor W, C) of the same dtype.

    Raises:
        ValueError: if `x` is not (B, H, W, C), or its channels are not a multiple of factor^2.
    """
    _check("depth_to_space", x)
    B, H, W, C = x.shape
    if factor < 1 or C % factor**2:
        raise ValueError(f"depth_to_space: {C} channels do not fill {factor} x {factor} cells")
    cells = x.reshape(B, H, W, C // factor**2, factor, factor).transpose(0, 1, 4, 2, 5, 3)
    return cells.reshape(B, factor * H, factor * W, C // factor**2)


def space_to_depth(x: jax.Array, factor: int = 2) -> jax.Array:
    """Moves cells of pixels into channels, the inverse of `depth_to_space`.

    Args:
        x: (B, H, W, C), H and W divisible by `factor`.
        factor: side of a cell in pixels, positive.

    Returns:
        (B, H / factor, W / factor, factor^2 C) of the same dtype.

    Raises:
        ValueError: if `x` is not (B, H, W, C), or its size is not a multiple of `factor`.
    """
    _check("space_to_depth", x)
    B, H, W, C = x.shape
    if factor < 1 or H % factor or W % factor:
        raise ValueError(f"space_to_depth: {H} x {W} does not divide into cells of {factor}")
    cells = x.reshape(B, H // factor, factor, W // factor, factor, C).transpose(0, 1, 3, 5, 2, 4)
    return cells.reshape(B, H // factor, W // factor, C * factor**2)


def _check(name: str, x: jax.Array, *, floating: bool = False) -> None:
    if x.ndim != 4:
        raise ValueError(f"{name}: expected (B, H, W, C), got shape {x.shape}")
    if floating and not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"{name}: expected floating values, got {x.dtype}")


def _even(name: str, x: jax.Array) -> tuple[int, int, int, int]:
    B, H, W, C = x.shape
    if H % 2 or W % 2:
        raise ValueError(f"{name}: expected an even size, got {H} x {W}")
    return B, H, W, C
