"""The deblurring methods by name, with their computations and networks."""

import dataclasses
from collections.abc import Callable, Container, Mapping
from typing import Any

import jax

from spikejax import models
from spikejax import weights as weights_files
from spikejax.camera import ExposureTiming
from spikejax.deblur.physics import long_tfp, short_tfp
from spikejax.deblur.student import student_frames
from spikejax.deblur.teacher import (
    Teacher,
    clamped_sdm,
    clean_long,
    clean_short,
    enlarged,
)

Networks = Mapping[str, models.Variables]
"""Variables by network: 'ldn', 'bsn', 'edsr', 'stir'."""

ImageAt = Callable[[int], jax.Array]
"""Takes a readout of the exposure; returns the sharp image (4h, 4w, 3) in [0, 1]."""


@dataclasses.dataclass(frozen=True)
class DeblurMethod:
    """A deblurring method.

    Attributes:
        name: the key in `METHODS`.
        label: the name on a sheet.
        description: one line, for help texts.
        networks: the networks it runs, by the names of their weights.
        prepare: (networks, blur (1, 4h, 4w, 3), spikes (1, T, h, w), exposure, *, blind, dtype) ->
            `ImageAt`; runs the work that all moments share once.
        takes_blind: whether `blind` makes a difference to it.
    """

    name: str
    label: str
    description: str
    networks: tuple[str, ...]
    prepare: Callable[..., ImageAt]
    takes_blind: bool = False

    def missing(self, networks: Container[str]) -> tuple[str, ...]:
        """Returns the networks of this method that are not in `networks`."""
        return tuple(name for name in self.networks if name not in networks)


def find_method(name: str) -> DeblurMethod:
    """Returns a method.

    Args:
        name: a key of `METHODS`.

    Raises:
        ValueError: if there is no such method; the message lists the names.
    """
    if name not in METHODS:
        raise ValueError(f"method={name!r}: expected {', '.join(METHODS)}")
    return METHODS[name]


def load_networks(method: str, weights: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Returns the variables of a method's networks.

    Args:
        method: a key of `METHODS`.
        weights: weights by network, as for `weights.resolve`: variables, files or folders of
            training runs. The other networks use the weights that ship.

    Returns:
        Variables by network.

    Raises:
        ValueError: if the method is unknown or has no such network, or weights do not ship or are
            not those of the network.
        OSError: if a file cannot be read.
    """
    networks = find_method(method).networks
    sources = dict(weights or {})
    if unused := sorted(sources.keys() - set(networks)):
        raise ValueError(f"weights: the method {method!r} has no network {unused[0]!r}")
    return {name: weights_files.resolve(name, sources.get(name)) for name in networks}


def _student(
    networks: Networks, blur: Any, spikes: Any, exposure: ExposureTiming, *, blind: bool, dtype: Any
) -> ImageAt:
    ldn = networks["ldn"]
    return lambda time: student_frames(ldn, blur, spikes, (time,), exposure, dtype=dtype)[0, 0]


def _teacher(
    networks: Networks, blur: Any, spikes: Any, exposure: ExposureTiming, *, blind: bool, dtype: Any
) -> ImageAt:
    teacher = Teacher(networks.get("bsn"), networks["edsr"], networks.get("stir"))
    long = clean_long(teacher, spikes, exposure, dtype=dtype)

    def image_at(time: int) -> jax.Array:
        short = clean_short(teacher, spikes, (time,), exposure, blind=blind, dtype=dtype)
        return clamped_sdm(blur, long, short)[0, 0]

    return image_at


def _sdm(
    networks: Networks, blur: Any, spikes: Any, exposure: ExposureTiming, *, blind: bool, dtype: Any
) -> ImageAt:
    long = enlarged(long_tfp(spikes, exposure), blur)

    def image_at(time: int) -> jax.Array:
        short = enlarged(short_tfp(spikes, (time,), exposure)[:, 0], blur)
        return clamped_sdm(blur, long, short[:, None])[0, 0]

    return image_at


METHODS: Mapping[str, DeblurMethod] = {
    method.name: method
    for method in (
        DeblurMethod(
            "student",
            "student",
            "LDN, one small network",
            ("ldn",),
            _student,
        ),
        DeblurMethod(
            "teacher",
            "teacher",
            "SDM on averages that BSN cleans and EDSR enlarges",
            ("bsn", "edsr"),
            _teacher,
            takes_blind=True,
        ),
        DeblurMethod(
            "stir",
            "teacher, STIR",
            "the teacher with STIR in place of BSN",
            ("stir", "edsr"),
            _teacher,
        ),
        DeblurMethod(
            "sdm",
            "SDM, no network",
            "SDM on averages that are enlarged bilinearly, without networks",
            (),
            _sdm,
        ),
    )
}
"""The methods by name."""
