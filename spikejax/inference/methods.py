"""The list of methods: the classical ones, and every network with a window of spikes."""

import contextlib
from typing import Any

from spikejax import models
from spikejax import weights as shipped_weights
from spikejax.inference.classical_methods import CLASSICAL
from spikejax.inference.method import Method
from spikejax.inference.network_methods import network_method


def network_names() -> tuple[str, ...]:
    """Returns the networks that make images of spikes, the best shipped weights last."""
    windowed = []
    for name in models.names():
        with contextlib.suppress(ValueError):  # one that fails is reported when it is asked for
            model = models.create(name)
            windowed += [model] if model.window is not None else []
    return tuple(m.name for m in sorted(windowed, key=lambda m: (m.quality, m.name)))


def method_names() -> tuple[str, ...]:
    """Returns the methods of `reconstruct` in the order of tables: classical, then networks."""
    return (*CLASSICAL, *network_names())


def is_classical(name: str) -> bool:
    """Whether a method is a classical one, without weights."""
    return name in CLASSICAL


def available_methods() -> tuple[str, ...]:
    """Returns the methods that need no file: classical ones, and networks whose weights ship."""
    ship = shipped_weights.available()
    return tuple(name for name in method_names() if is_classical(name) or name in ship)


def default_method() -> str:
    """Returns the network whose shipped weights are the best; 'tfp' if none ship."""
    return available_methods()[-1] if set(available_methods()) - set(CLASSICAL) else "tfp"


def describe(name: str) -> str:
    """Returns what a method is, in one line."""
    return CLASSICAL[name].description if name in CLASSICAL else models.create(name).description


def create_method(
    name: str, *, weights: Any = None, window: int | None = None, dtype: Any = None
) -> Method:
    """Makes a method.

    Args:
        name: one of `method_names()`.
        weights: of a network, as for `weights.resolve`: variables, a file, the folder of a run, or
            None for those that ship.
        window: of 'tfp', the readouts averaged (41); of 'tfi', twice its search range plus one.
        dtype: of a network's activations, e.g. `jnp.bfloat16`.

    Raises:
        ValueError: if there is no such method, or it does not take an option.
    """
    if not is_classical(name):
        if name not in models.names() or models.create(name).window is None:
            raise ValueError(f"method: there is no {name!r}; there are {', '.join(method_names())}")
        if window is not None:
            fixed = models.create(name).window
            raise ValueError(f"window: that of {name} is fixed, {fixed} readouts")
        return network_method(name, weights, dtype)
    for option, value in (("weights", weights), ("dtype", dtype)):
        if value is not None:
            raise ValueError(f"{option}: {name} is no network and takes none")
    if window is not None and window < 1:
        raise ValueError(f"window: expected at least 1 readout, got {window}")
    return CLASSICAL[name].create(window)
