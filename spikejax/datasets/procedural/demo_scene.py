"""The small moving scene of `spikejax demo`, with known true images."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

_SUPERSAMPLING = 4
_MARGIN = 96  # pixels around the picture that come into view as the background moves


@dataclasses.dataclass(frozen=True, eq=False)
class _Layer:
    """A flat moving object.

    Attributes:
        intensity: (h, w) in [0, 1].
        coverage: (h, w), 1 where it hides the background.
        place: position of its top left corner at the middle readout, pixels, y then x.
        velocity: pixels per readout, y then x.
    """

    intensity: np.ndarray
    coverage: np.ndarray
    place: tuple[float, float]
    velocity: tuple[float, float]


def demo_scene(
    rng: np.random.Generator, readouts: int, height: int, width: int
) -> Iterator[np.ndarray]:
    """Renders a textured wall, a wheel, a sign with letters and a grating, with separate motions.

    Args:
        rng: draws the texture of the wall.
        readouts: T, number of readouts.
        height: rows, at least 48.
        width: columns, at least 48.

    Yields:
        T images (H, W) float32, intensity in [0, 1], one per readout.

    Raises:
        ValueError: if the image is smaller than 48x48 pixels.
    """
    if min(height, width) < 48:
        raise ValueError(f"demo_scene: expected at least 48x48 pixels, got {height}x{width}")
    size = min(height, width)
    layers = [
        _wall(rng, height, width),
        _grating(size, (0.10 * height, 0.72 * width)),
        _wheel(size, (0.12 * height, 0.10 * width)),
        _sign(size, (0.66 * height, 0.30 * width)),
    ]
    for n in range(readouts):
        image = np.zeros((height, width))
        for layer in layers:
            _paste(image, layer, n - readouts // 2)
        yield image.astype(np.float32)


def _paste(image: np.ndarray, layer: _Layer, time: float) -> None:
    """Draws a layer over the image at a subpixel position, by bilinear interpolation."""
    y, x = (p + v * time for p, v in zip(layer.place, layer.velocity, strict=True))
    top, left = int(np.floor(y)), int(np.floor(x))
    coverage = _shift(layer.coverage, y - top, x - left)
    light = _shift(layer.coverage * layer.intensity, y - top, x - left)
    rows = slice(max(top, 0), min(top + coverage.shape[0], image.shape[0]))
    columns = slice(max(left, 0), min(left + coverage.shape[1], image.shape[1]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    part = (
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )
    image[rows, columns] = image[rows, columns] * (1 - coverage[part]) + light[part]


def _shift(x: np.ndarray, down: float, right: float) -> np.ndarray:
    """Moves (h, w) by less than a pixel into (h + 1, w + 1)."""
    x = np.pad(x, 1)
    x = (1 - down) * x[1:] + down * x[:-1]
    return (1 - right) * x[:, 1:] + right * x[:, :-1]


def _wall(rng: np.random.Generator, height: int, width: int) -> _Layer:
    """Returns a wall of 1/f noise, the spectrum of natural surfaces, under graded light."""
    shape = height + 2 * _MARGIN, width + 2 * _MARGIN
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None])
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.normal(size=shape)) / frequency
    noise = np.fft.irfft2(spectrum, shape)
    texture = 0.42 + 0.13 * noise / noise.std()
    light = np.linspace(1.15, 0.7, shape[1])[None]
    return _Layer(
        np.clip(texture * light, 0.03, 1.0), np.ones(shape), (-_MARGIN, -_MARGIN), (0.04, 0.12)
    )


def _wheel(size: int, place: tuple[float, float]) -> _Layer:
    """Returns a Siemens star: spokes that become finer toward the centre."""
    radius = size // 4
    grid = np.arange(_SUPERSAMPLING * 2 * radius) / _SUPERSAMPLING - radius + 0.5 / _SUPERSAMPLING
    angle, distance = np.arctan2(grid[:, None], grid[None]), np.hypot(grid[:, None], grid[None])
    spokes = np.where(np.sin(14 * angle) > 0, 0.95, 0.06)
    disc = (distance < radius).astype(float)
    return _Layer(_average(spokes), _average(disc), place, (0.05, -0.22))


def _grating(size: int, place: tuple[float, float]) -> _Layer:
    """Returns a board with stripes that become finer toward the bottom."""
    height, width = size // 2, size // 5
    y = np.arange(_SUPERSAMPLING * height) / (_SUPERSAMPLING * height)
    stripes = np.where(np.sin(2 * np.pi * (4 * y + 7 * y * y)) > 0, 0.85, 0.12)
    intensity = np.repeat(stripes[:, None], _SUPERSAMPLING * width, 1)
    return _Layer(_average(intensity), np.ones((height, width)), place, (0.16, -0.03))


def _sign(size: int, place: tuple[float, float]) -> _Layer:
    """Returns a bright sign with dark letters."""
    import PIL.Image
    import PIL.ImageDraw
    import PIL.ImageFont

    font: Any = PIL.ImageFont.load_default(_SUPERSAMPLING * size * 0.15)
    left, top, right, bottom = font.getbbox("SPIKE 61")
    edge = _SUPERSAMPLING * size * 0.05
    width = int(right - left + 2 * edge) // _SUPERSAMPLING * _SUPERSAMPLING
    height = int(bottom - top + 2 * edge) // _SUPERSAMPLING * _SUPERSAMPLING
    sign = PIL.Image.new("L", (width, height), 230)
    PIL.ImageDraw.Draw(sign).text((edge - left, edge - top), "SPIKE 61", 15, font)
    intensity = _average(np.asarray(sign, np.float64) / 255)
    return _Layer(intensity, np.ones_like(intensity), place, (-0.02, 0.28))


def _average(x: np.ndarray) -> np.ndarray:
    """Averages over squares of supersampled pixels, for smooth edges."""
    height, width = (n // _SUPERSAMPLING for n in x.shape)
    return x.reshape(height, _SUPERSAMPLING, width, _SUPERSAMPLING).mean((1, 3))
