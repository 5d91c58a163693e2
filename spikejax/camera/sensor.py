"""Physical parameters of a spike camera's sensor, presets, and the camera's fixed pattern.

Charge is measured in thresholds: a pixel of gain 1 fires at every readout in light of intensity 1.
A readout adds `gain * prnu * intensity + dark` to the potential, and the pixel fires at
`threshold`. prnu (around 1), dark and threshold (around 1) are maps: the camera's `Pattern`.

| parameter | drawn | meaning |
|---|---|---|
| `prnu`, `dark_spread`, `threshold_spread` | once per camera (`Sensor.pattern`) | fixed pattern |
| `electrons` (shot noise), `threshold_jitter`, `stray_gap` | at every readout | temporal noise |
| `start` | once per recording | the potential before the first readout |
"""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, Literal

import jax
import jax.numpy as jnp

from spikejax.camera.neuron import RESETS, Reset
from spikejax.camera.noise import STRAY_LAWS, StrayLaw

Start = Literal["uniform", "empty", "light"]
STARTS = ("uniform", "empty", "light")

_OFF: dict[str, dict[str, float]] = {
    "prnu": {"prnu": 0.0},
    "dark": {"dark": 0.0, "dark_spread": 0.0},
    "threshold": {"threshold_spread": 0.0},
    "shot": {"electrons": math.inf},
    "jitter": {"threshold_jitter": 0.0},
    "stray": {"stray_gap": math.inf},
}


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Pattern:
    """The fixed pattern of one camera, drawn by `Sensor.pattern` or measured.

    Attributes:
        prnu: (H, W) or a number; sensitivity relative to the mean pixel's, around 1.
        dark: (H, W) or a number; dark current in spikes per readout.
        threshold: (H, W) or a number; threshold relative to the mean pixel's, around 1, positive.
    """

    prnu: Any = 1.0
    dark: Any = 0.0
    threshold: Any = 1.0


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Sensor:
    """The parameters of a spike camera, a pytree whose numbers are differentiable.

    A noise of strength zero costs nothing. `dataclasses.replace` returns a changed copy, and
    `without` a copy without some kinds of noise.

    Attributes:
        gain: spikes per readout at intensity 1.
        prnu: standard deviation over the pixels of their relative sensitivity (fixed).
        dark: mean dark current in spikes per readout (fixed).
        dark_spread: standard deviation over the pixels of the dark current (fixed).
        threshold_spread: standard deviation over the pixels of the relative threshold (fixed).
        threshold_jitter: standard deviation over the readouts of the relative threshold.
        electrons: electrons per readout at intensity 1, for shot noise; inf: no shot noise.
        stray_gap: mean number of readouts between stray spikes, which need no light; inf: none.
        stray_gap_std: standard deviation of these gaps, for the law 'normal'.
        stray_law: 'normal' or 'geometric' (any readout with probability 1 / stray_gap).
        reset: 'subtract' (real cameras), 'modulo' or 'zero', see `integrate_and_fire`.
        strict: whether a pixel fires only above the threshold, not at it.
        start: the potential before the first readout: 'uniform' between 0 and the threshold,
            'empty', or 'light' (the potential after a discarded readout of uniformly random light).
        rate_hz: readouts per second, for conversion to seconds; the simulation does not use it.
    """

    gain: Any = 1.0
    prnu: Any = 0.0
    dark: Any = 0.0
    dark_spread: Any = 0.0
    threshold_spread: Any = 0.0
    threshold_jitter: Any = 0.0
    electrons: Any = math.inf
    stray_gap: Any = math.inf
    stray_gap_std: Any = 0.0
    stray_law: StrayLaw = field(default="geometric", metadata={"static": True})
    reset: Reset = field(default="subtract", metadata={"static": True})
    strict: bool = field(default=False, metadata={"static": True})
    start: Start = field(default="uniform", metadata={"static": True})
    rate_hz: float = field(default=20_000.0, metadata={"static": True})

    def __post_init__(self) -> None:
        for name, allowed in (("reset", RESETS), ("start", STARTS), ("stray_law", STRAY_LAWS)):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"Sensor.{name}: expected one of {', '.join(allowed)}, "
                    f"got {getattr(self, name)!r}"
                )
        at_least_0 = ("gain", "prnu", "dark", "dark_spread", "threshold_spread", "threshold_jitter")
        for name in at_least_0:
            _check_at_least(name, getattr(self, name), 0)
        for name in ("electrons", "stray_gap"):
            _check_at_least(name, getattr(self, name), 1)

    def without(self, *noises: str) -> "Sensor":
        """Returns a copy of the sensor with some kinds of noise switched off.

        Args:
            noises: any of 'prnu', 'dark', 'threshold' (fixed), 'shot', 'jitter', 'stray'
                (temporal).

        Returns:
            The changed copy.

        Raises:
            ValueError: if a noise is unknown.
        """
        changes: dict[str, Any] = {}
        for noise in noises:
            if noise not in _OFF:
                raise ValueError(f"without: expected any of {', '.join(_OFF)}, got {noise!r}")
            changes |= _OFF[noise]
        return dataclasses.replace(self, **changes)

    def pattern(self, key: jax.Array, shape: tuple[int, ...]) -> Pattern:
        """Draws the fixed pattern of a camera: independent normal values over the pixels.

        Args:
            key: JAX random key; the same key gives the same camera.
            shape: (H, W).

        Returns:
            Maps (H, W) of sensitivity and threshold, at least 0.05, and of dark current, at least
            0.
        """
        prnu, dark, threshold = (jax.random.normal(k, shape) for k in jax.random.split(key, 3))
        return Pattern(
            prnu=jnp.maximum(1 + self.prnu * prnu, 0.05),
            dark=jnp.maximum(self.dark + self.dark_spread * dark, 0),
            threshold=jnp.maximum(1 + self.threshold_spread * threshold, 0.05),
        )

    def rate(self, intensity: Any, pattern: Pattern | None = None) -> jax.Array:
        """Returns the expected spikes per readout in constant light, without stray spikes.

        Args:
            intensity: a number or (H, W), or any shape that the maps broadcast to.
            pattern: the camera's maps; None: the mean pixel.

        Returns:
            Spikes per readout, in [0, 1].
        """
        pattern = Pattern(dark=self.dark) if pattern is None else pattern
        charge = self.gain * pattern.prnu * intensity + pattern.dark
        return jnp.clip(charge / pattern.threshold, 0, 1)


def _check_at_least(name: str, value: Any, least: float) -> None:
    # JAX rebuilds pytrees with tracers, arrays and placeholders, which have no value to check.
    if isinstance(value, (int, float)) and not value >= least:
        raise ValueError(f"Sensor.{name}: expected {least} or more, got {value}")


def _published_circuit_gain() -> float:
    """Returns spikes per readout at white: 250 clocks of a circuit's photocurrent over 2 V."""
    clock, efficiency, wavelength, capacitance = 2 / 10e6, 1.09e-13, 1.83e-4, 15e-15
    return 250 * clock * efficiency / (wavelength * capacitance) / 2.0


SENSORS: dict[str, Sensor] = {
    # Measurements on real recordings, without noise.
    "ideal": Sensor(),
    # Noise parameters fitted to recordings of a 250x400 camera.
    "vidar": Sensor(
        prnu=0.058,
        dark=0.0047,
        dark_spread=0.0018,
        threshold_spread=0.046,
        threshold_jitter=0.0058,
        electrons=5e4,
    ),
    # The simulated circuit behind the training data of S-SDM (Chen et al., NeurIPS 2024), for
    # reproducing that recipe. It has two to four times the stray spikes of real cameras.
    "ssdm": Sensor(
        gain=_published_circuit_gain(),
        stray_gap=140.0,
        stray_gap_std=50.0,
        stray_law="normal",
        reset="modulo",
        strict=True,
        start="light",
    ),
    "sreds": Sensor(gain=0.4),
    "reds_base": Sensor(gain=0.6),
}
