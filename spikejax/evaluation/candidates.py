"""Methods that an evaluation compares, with their weights."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from spikejax.formats import Recording
from spikejax.inference import (
    available_methods,
    create_method,
    is_classical,
    method_names,
    network_names,
)

Weights = Mapping[str, Any] | Sequence[str]
"""Weights by network, as `make_candidates` takes them."""


class Candidate:
    """A method with its weights, under the label that tables show.

    Attributes:
        method: the method; its weights are loaded.
        label: shown in tables.
        dtype: type of a network's activations; None for the default, and for a classical method.
        origin: where a network's weights are from, in words; None for a classical method.
    """

    def __init__(
        self,
        name: str,
        *,
        label: str | None = None,
        weights: Any = None,
        window: int | None = None,
        dtype: Any = None,
        origin: str | None = None,
    ) -> None:
        """Creates the method and loads its weights.

        Args:
            name: a name that `inference.method_names` returns.
            label: None for the name.
            weights: weights of a network: variables, a file, the folder of a training run, or None
                for those that ship.
            window: window of 'tfp' and 'tfi' in readouts.
            dtype: type of a network's activations; None for float32.
            origin: where the weights are from, in words; None to derive it from `weights`.

        Raises:
            ValueError: if there is no such method, or the options do not fit it.
        """
        self.dtype = None if dtype is None else _checked(dtype)
        self.method = create_method(name, weights=weights, window=window, dtype=self.dtype)
        self.label = label or name
        self.origin = None if is_classical(name) else origin or _origin(weights)

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method.name

    def reconstruct(self, recording: Recording, centre: int) -> np.ndarray:
        """Returns the image (H, W) of one readout: intensity, not clipped."""
        [(_, image)] = self.method.images(recording, np.array([centre]), 1, gain=recording.gain)
        return image


def _checked(dtype: Any) -> np.dtype:
    try:
        return jnp.dtype(dtype)
    except TypeError:
        raise ValueError(f"dtype: expected float32 or bfloat16, got {dtype!r}") from None


def _origin(weights: Any) -> str:
    if weights is None:
        return "the weights that ship with spikejax"
    return f"weights {weights}" if isinstance(weights, str | Path) else "weights given as variables"


def make_candidates(
    methods: Iterable[str | Candidate] | None = None,
    weights: Weights | None = None,
    dtype: Any = None,
) -> list[Candidate]:
    """Creates the candidates of an evaluation.

    Args:
        methods: 'NAME', or 'NAME:WINDOW' such as 'tfp:21', or candidates, which are kept as they
            are; None for the classical methods and every network with weights.
        weights: {NAME: weights}, the weights of networks as `Candidate` takes them; or a sequence
            of 'NAME=FILE'. A network with a list of weights, or with several files, becomes several
            candidates. None for the weights that ship.
        dtype: type of the networks' activations; None for float32.

    Raises:
        ValueError: if there is no such method, or the options do not fit it; a message about an
            argument starts with its name, 'weights: ...'.
    """
    sources = _sources_by_network([weights] if isinstance(weights, str) else weights)
    methods = [methods] if isinstance(methods, str) else methods
    if methods is None:
        available = available_methods()
        methods = [name for name in method_names() if name in available or name in sources]
    candidates = []
    for method in dict.fromkeys(methods):
        if isinstance(method, Candidate):
            candidates.append(method)
        else:
            name = method.partition(":")[0]
            candidates += _candidates_of(method, sources.pop(name, [None]), dtype)
    if sources:
        name = next(iter(sources))
        raise ValueError(f"weights: {name} is not among the methods; add {name} to them")
    return candidates


def _candidates_of(method: str, sources: Sequence[Any], dtype: Any) -> list[Candidate]:
    """Returns one candidate per source of weights."""
    name, colon, window = method.partition(":")
    if colon and not window.isdecimal():
        raise ValueError(f"methods: expected NAME or NAME:WINDOW, such as tfp:21, got {method!r}")
    return [
        Candidate(
            name,
            label=method if len(sources) == 1 else f"{method} {_short(sources, number)}",
            weights=source,
            window=int(window) if colon else None,
            dtype=None if is_classical(name) else dtype,
        )
        for number, source in enumerate(sources, 1)
    ]


def _short(sources: Sequence[Any], number: int) -> str:
    """Names one of several weights: its file's stem, the path if stems repeat, or its number."""
    source = sources[number - 1]
    if not isinstance(source, str | Path):
        return str(number)
    stems = [Path(other).stem for other in sources if isinstance(other, str | Path)]
    return Path(source).stem if stems.count(Path(source).stem) == 1 else str(source)


def _sources_by_network(weights: Weights | None) -> dict[str, list[Any]]:
    networks = network_names()
    if isinstance(weights, Mapping):
        for name in weights:
            if name not in networks:
                raise ValueError(
                    f"weights: there is no network {name!r}; there are {', '.join(networks)}"
                )
        return {
            name: list(value) if isinstance(value, list | tuple) else [value]
            for name, value in weights.items()
        }
    sources: dict[str, list[Any]] = {}
    for text in weights or ():
        name, equals, path = text.partition("=")
        if not equals or name not in networks or not path:
            raise ValueError(
                f"weights: expected NAME=FILE, NAME one of {', '.join(networks)}, got {text!r}"
            )
        sources.setdefault(name, []).append(Path(path))
    return sources
