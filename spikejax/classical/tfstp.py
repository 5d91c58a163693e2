"""TFSTP, texture from short-term plasticity: what a synapse learns of a pixel's rate."""

import dataclasses
import functools
import math
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from spikejax.classical import arguments
from spikejax.classical.stream import Stream

_UNROLL = 4  # readouts a turn of the loop, so that the state stays in registers between them

Estimate = Literal["resources", "release"]


@dataclasses.dataclass(frozen=True)
class Synapse:
    """A synapse with short-term plasticity; the defaults are the published ones.

    Attributes:
        u0: the release probability at rest, between 0 and 1.
        f: how far a spike raises it towards 1, above 0, at most 1.
        tau_d: time constant of the recovery of resources, in readouts.
        tau_f: time constant of the return of the release probability to rest, in readouts.
    """

    u0: float = 0.15
    f: float = 0.15
    tau_d: float = 1.0
    tau_f: float = 10.0

    def __post_init__(self) -> None:
        if not (0 < self.u0 < 1 and 0 < self.f <= 1):
            raise ValueError(
                f"Synapse: expected 0 < u0 < 1 and 0 < f <= 1, got u0 {self.u0}, f {self.f}"
            )
        if not (0 < self.tau_d < np.inf and 0 < self.tau_f < np.inf):
            raise ValueError(
                "Synapse: the time constants are readouts above 0, got "
                f"tau_d {self.tau_d}, tau_f {self.tau_f}"
            )


_PUBLISHED = Synapse()


def tfstp(
    spikes: Any,
    centre: ArrayLike,
    gain: ArrayLike = 1.0,
    *,
    estimate: Estimate = "resources",
    synapse: Synapse = _PUBLISHED,
) -> Array:
    """Reads the rate of a pixel's spikes off a synapse that they drive.

    Each pixel drives a synapse with resources R (1 at first) and release probability u (u0 at
    first). A spike that closes an interval of D readouts changes both, from the old values:

        R <- 1 - [1 - R (1 - u)] exp(-D / tau_d)
        u <- u0 + [u + f (1 - u) - u0] exp(-D / tau_f)

    Inverting the steady state of either gives a rate, the image (see `estimate`): spikes at a
    constant interval D give 1 / (gain D). It looks back only, and stays as the last spike at or
    before the centre left it. A pixel that has not closed an interval by then (fewer than two
    spikes) is 0. Jitted: only a new length of recording, in steps of 64 readouts for arrays that
    are not on the device yet, or new options compile anew.

    Args:
        spikes: (T, H, W) or (B, T, H, W) bool or integer, 0 or 1 (any non-zero value counts as 1),
            of numpy or JAX, or an opened recording. All readouts up to the centre are read.
        centre: the readout k, 0 <= k < T, or an array (K,) of them.
        gain: spikes a readout at intensity 1, above 0.
        estimate: 'resources', -1 / (tau_d ln((1 - R) / (1 - R (1 - u)))): the last interval but for
            some tau_d readouts, so it follows motion. 'release',
            -1 / (tau_f ln((u - u0) / (u + f (1 - u) - u0))): averages over some tau_f readouts,
            quieter where nothing moves.
        synapse: its constants.

    Returns:
        (H, W) float32 intensity; with K centres (K, H, W), with a batch (B, H, W) or (B, K, H, W).

    Raises:
        ValueError: if an argument is not as described, or a centre is outside the recording. (The
            value of a traced centre or gain is not checked.)

    Source: Y. Zheng et al., "Capture the moment: high-speed imaging with spiking cameras through
    short-term plasticity", TPAMI 2023.
    """
    spikes = arguments.check_spikes("tfstp", spikes)
    centre = arguments.check_centre("tfstp", centre, spikes.shape[-3])
    gain = arguments.check_gain("tfstp", gain)
    stream = TFSTPStream(gain, estimate, synapse)
    if isinstance(centre, np.ndarray) and centre.size and not isinstance(spikes, jax.Array):
        stop = -(-(int(centre.max()) + 1) // 64) * 64  # few lengths, so that few are compiled
        spikes = np.asarray(spikes[:stop] if len(spikes.shape) == 3 else spikes[:, :stop])
    return _tfstp(stream, spikes, centre)


class TFSTPState(NamedTuple):
    """What `TFSTPStream` remembers of every pixel, all (*shape) float32.

    Attributes:
        lack: 1 - R now, on its way back to 0.
        excess: u - u0 now, on its way back to 0.
        latest: 1 - R (1 - u) or, for 'release', u + f (1 - u) - u0, at the last spike.
        earlier: the same at the spike before it.
        since: readouts since the last spike, infinite before the first.
        interval: readouts between the last two spikes, infinite before the second.
    """

    lack: Array
    excess: Array
    latest: Array
    earlier: Array
    since: Array
    interval: Array


@functools.partial(
    jax.tree_util.register_dataclass, data_fields=["gain"], meta_fields=["estimate", "synapse"]
)
@dataclasses.dataclass(frozen=True)
class TFSTPStream(Stream[TFSTPState]):
    """`tfstp` one readout at a time; it looks back only, so its latency is 0.

    A spike multiplies R by 1 - u and moves u towards 1; from then on both return to rest, a factor
    a readout, which gives the recursion of `tfstp` at the next spike. What is kept is 1 - R and
    u - u0: R and u themselves would round away what is left of these after a long interval. The
    rate is taken in the form

        -tau ln(x exp(-D / tau) / y) = D + tau ln(y / x)

    with x and y from right after two spikes, so that nothing underflows however long the interval
    D. An infinite one gives the rate 0, which is just what the first spike should do.

    Attributes:
        gain: spikes a readout at intensity 1.
        estimate: 'resources' or 'release'.
        synapse: its constants.
    """

    gain: ArrayLike = 1.0
    estimate: Estimate = "resources"
    synapse: Synapse = _PUBLISHED

    def __post_init__(self) -> None:
        if self.estimate not in ("resources", "release"):
            raise ValueError(f"tfstp: estimate is 'resources' or 'release', got {self.estimate!r}")
        arguments.check_stream_gain("TFSTPStream", self.gain)

    @property
    def latency(self) -> int:
        """How many readouts after its centre an image comes: none."""
        return 0

    def init(self, *shape: int) -> TFSTPState:
        """Makes the state before the first readout of this shape."""
        u0, f = self.synapse.u0, self.synapse.f
        first = u0 if self.estimate == "resources" else f * (1 - u0)  # what a first spike leaves
        values = (0.0, 0.0, first, first, np.inf, np.inf)
        return TFSTPState(*(jnp.full(shape, value, jnp.float32) for value in values))

    def update(
        self, state: TFSTPState, readout: ArrayLike, present: ArrayLike = True
    ) -> TFSTPState:
        """Reads one readout."""
        u0, f, tau_d, tau_f = dataclasses.astuple(self.synapse)
        relaxed = state._replace(
            lack=state.lack * math.exp(-1 / tau_d),
            excess=state.excess * math.exp(-1 / tau_f),
            since=state.since + 1,
        )
        u = u0 + relaxed.excess
        lack = u + relaxed.lack * (1 - u)
        excess = relaxed.excess + f * (1 - u)
        after = TFSTPState(
            lack=lack,
            excess=excess,
            latest=lack if self.estimate == "resources" else excess,
            earlier=state.latest,
            since=jnp.zeros_like(state.since),
            interval=relaxed.since,
        )
        spike = jnp.asarray(readout).astype(bool) & jnp.asarray(present)
        return TFSTPState(*(jnp.where(spike, a, b) for a, b in zip(after, relaxed, strict=True)))

    def image(self, state: TFSTPState) -> Array:
        """Gives the image at the newest readout."""
        tau = self.synapse.tau_d if self.estimate == "resources" else self.synapse.tau_f
        period = state.interval + tau * jnp.log(state.latest / state.earlier)
        return 1 / period / self.gain  # not 1 / (period gain): the period can be infinite


@jax.jit
def _tfstp(stream: TFSTPStream, spikes: Array, centre: Array) -> Array:
    if spikes.ndim == 4:
        return jax.vmap(lambda one: _tfstp(stream, one, centre))(spikes)
    shape = spikes.shape[1:]
    centres = jnp.atleast_1d(centre)

    def visit(carry: tuple, place: Array) -> tuple[tuple, None]:
        state, done, images = carry
        end = centres[place] + 1
        state = _read(stream, state, spikes, done, end)
        images = lax.dynamic_update_index_in_dim(images, stream.image(state), place, 0)
        return (state, end, images), None

    # in order of time, one pass over the recording serves all centres
    images = jnp.zeros((*centres.shape, *shape), jnp.float32)
    start = (stream.init(*shape), jnp.int32(0), images)
    images = lax.scan(visit, start, jnp.argsort(centres))[0][2]
    return images.reshape(*centre.shape, *shape)


def _read(
    stream: TFSTPStream, state: TFSTPState, spikes: Array, start: Array, end: Array
) -> TFSTPState:
    """Reads the readouts from `start` up to `end`, several a turn while they last."""

    def read(first: Array, state: TFSTPState, number: int) -> TFSTPState:
        for i in range(number):
            readout = lax.dynamic_index_in_dim(spikes, first + i, keepdims=False)
            state = stream.update(state, readout)
        return state

    turns = (end - start) // _UNROLL
    rest = start + turns * _UNROLL
    state = lax.fori_loop(0, turns, lambda i, s: read(start + i * _UNROLL, s, _UNROLL), state)
    return lax.fori_loop(rest, end, lambda n, s: read(n, s, 1), state)
