"""The classical reconstructions as methods: one entry each in `CLASSICAL`."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from spikejax import classical
from spikejax.inference.classical_stream import from_stream
from spikejax.inference.method import Method
from spikejax.inference.source import Source
from spikejax.inference.windows import Pairs, from_clipped_windows

_WINDOW = 41


@dataclasses.dataclass(frozen=True)
class ClassicalMethod:
    """A classical reconstruction.

    Attributes:
        label: name in pictures and tables.
        description: one line.
        citation: authors, title, venue.
        create: window or None -> `Method`.
    """

    label: str
    description: str
    citation: str
    create: Callable[[int | None], Method]


def _tfp(window: int | None) -> Method:
    window = _WINDOW if window is None else window
    if window % 2 == 0:
        raise ValueError(f"window: expected an odd number of readouts for tfp, got {window}")
    return _windowed("tfp", "TFP", f"TFP, {window} readouts", window, _tfp_image(window))


def _tfi(window: int | None) -> Method:
    reach = _WINDOW // 2 if window is None else max(1, window // 2)
    return _windowed("tfi", "TFI", "TFI, one interval", 2 * reach + 1, _tfi_image(reach))


def _tfstp(window: int | None) -> Method:
    if window is not None:
        raise ValueError("window: tfstp reads all readouts before an image and takes none")

    def images(source: Source, centres: np.ndarray, batch_size: int, *, gain: float) -> Pairs:
        return from_stream(source, centres, classical.TFSTPStream(gain=gain))

    return Method(
        name="tfstp",
        label="TFSTP",
        caption="TFSTP",
        window=_WINDOW,
        reach=0,
        stateful=True,
        batch_size=1,
        images=images,
        call=lambda _, spikes: classical.tfstp(spikes, _WINDOW // 2),
    )


def _windowed(
    name: str, label: str, caption: str, window: int, image: Callable[..., jax.Array]
) -> Method:
    def images(source: Source, centres: np.ndarray, batch_size: int, *, gain: float) -> Pairs:
        run = Partial(image, jnp.float32(gain))
        return from_clipped_windows(source, centres, run, window=window, batch_size=batch_size)

    def call(_: Any, spikes: jax.Array) -> jax.Array:
        return image(1.0, spikes, window // 2)

    return Method(
        name=name,
        label=label,
        caption=caption,
        window=window,
        reach=0,
        stateful=False,
        batch_size=8,
        images=images,
        call=call,
    )


# One function per window, so that what was compiled for it is found again.


@functools.cache
def _tfp_image(window: int) -> Callable[..., jax.Array]:
    def image(gain: Any, spikes: jax.Array, centre: Any) -> jax.Array:
        return classical.tfp(spikes, centre, window=window, gain=gain)

    return image


@functools.cache
def _tfi_image(reach: int) -> Callable[..., jax.Array]:
    def image(gain: Any, spikes: jax.Array, centre: Any) -> jax.Array:
        return classical.tfi(spikes, centre, reach=reach, gain=gain)

    return image


CLASSICAL: Mapping[str, ClassicalMethod] = {
    "tfp": ClassicalMethod(
        "TFP",
        "mean of a window of readouts; quiet, blurs motion",
        'Zhu et al., "A Retina-Inspired Sampling Method for Visual Texture Reconstruction", '
        "ICME 2019",
        _tfp,
    ),
    "tfi": ClassicalMethod(
        "TFI",
        "inverse of the interspike interval; sharp, noisy",
        'Zhu et al., "A Retina-Inspired Sampling Method for Visual Texture Reconstruction", '
        "ICME 2019",
        _tfi,
    ),
    "tfstp": ClassicalMethod(
        "TFSTP",
        "short-term plasticity of a synapse; adapts to motion",
        'Zheng et al., "Capture the Moment: High-speed Imaging with Spiking Cameras through '
        'Short-term Plasticity", TPAMI 2023',
        _tfstp,
    ),
}
"""The classical methods by name, in the order of tables."""
