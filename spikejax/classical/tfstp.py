"""TFSTP, texture from short-term plasticity: rates estimated by a model of a synapse."""

import dataclasses
import functools
import math
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike

from spikejax.classical import arguments
from spikejax.classical.stream import Stream

_UNROLL = 4  # readouts per iteration, so that the state stays in registers between them

Estimate = Literal["resources", "release"]


@dataclasses.dataclass(frozen=True)
class Synapse:
    """The constants of a synapse with short-term plasticity; the defaults are the published ones.

    Attributes:
        u0: release probability at rest, between 0 and 1.
        f: fraction by which a spike raises the release probability towards 1, above 0, at most 1.
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
                "Synapse: expected time constants above 0 readouts, got "
                f"tau_d {self.tau_d}, tau_f {self.tau_f}"
            )


_PUBLISHED = Synapse()


def tfstp(
    spikes: Any,
    centre: ArrayLike,
    gain: ArrayLike | None = None,
    *,
    estimate: Estimate = "resources",
    synapse: Synapse = _PUBLISHED,
) -> jax.Array:
    """Reconstructs intensity from the state of a synapse that a pixel's spikes drive.

    Each pixel drives a synapse with resources R (initially 1) and release probability u (initially
    u0). A spike that closes an interval of D readouts updates both from their old values:

        R <- 1 - [1 - R (1 - u)] exp(-D / tau_d)
        u <- u0 + [u + f (1 - u) - u0] exp(-D / tau_f)

    Inverting the steady state of R or u gives a rate, and the rate gives the image (see
    `estimate`): spikes at a constant interval D give 1 / (gain D). The result depends only on the
    readouts up to the centre and changes only at spikes. A pixel with fewer than two spikes, which
    has not closed an interval, is 0. The function is jitted; only new options or a new length of
    recording are compiled again, the latter in steps of 64 readouts for arrays that are not on the
    device yet.

    Args:
        spikes: (T, H, W) or (B, T, H, W) bool or integer, 0 or 1 (any non-zero value counts as 1),
            a numpy or JAX array or an opened recording. All readouts up to the centre are read.
        centre: the readout k, 0 <= k < T, or an array (K,) of readouts.
        gain: spikes per readout at intensity 1, above 0; None for the gain of an opened recording,
            1 for an array.
        estimate: 'resources', -1 / (tau_d ln((1 - R) / (1 - R (1 - u)))): depends on the last
            interval, apart from about tau_d readouts, so it follows motion. 'release',
            -1 / (tau_f ln((u - u0) / (u + f (1 - u) - u0))): averages over about tau_f readouts,
            with less noise in static scenes.
        synapse: the constants of the synapse.

    Returns:
        (H, W) float32 intensity; with K centres (K, H, W), with a batch (B, H, W) or (B, K, H, W).

    Raises:
        ValueError: if an argument is not as described, or a centre is outside the recording. The
            value of a traced centre or gain is not checked.

    Source: Y. Zheng et al., "Capture the moment: high-speed imaging with spiking cameras through
    short-term plasticity", TPAMI 2023.
    """
    spikes = arguments.check_spikes("tfstp", spikes)
    centre = arguments.check_centre("tfstp", centre, spikes.shape[-3])
    gain = arguments.check_gain("tfstp", gain, spikes)
    stream = TFSTPStream(gain, estimate, synapse)
    if isinstance(centre, np.ndarray) and centre.size and not isinstance(spikes, jax.Array):
        stop = -(-(int(centre.max()) + 1) // 64) * 64  # few lengths, hence few compilations
        spikes = np.asarray(spikes[:stop] if len(spikes.shape) == 3 else spikes[:, :stop])
    return _tfstp(stream, spikes, centre)


class TFSTPState(NamedTuple):
    """The state of `TFSTPStream`, all (*shape) float32.

    Attributes:
        lack: current 1 - R, which decays to 0.
        excess: current u - u0, which decays to 0.
        latest: 1 - R (1 - u) or, for 'release', u + f (1 - u) - u0, at the last spike.
        earlier: the same at the spike before.
        since: readouts since the last spike, infinite before the first spike.
        interval: readouts between the last two spikes, infinite before the second spike.
    """

    lack: jax.Array
    excess: jax.Array
    latest: jax.Array
    earlier: jax.Array
    since: jax.Array
    interval: jax.Array


@functools.partial(
    jax.tree_util.register_dataclass, data_fields=["gain"], meta_fields=["estimate", "synapse"]
)
@dataclasses.dataclass(frozen=True)
class TFSTPStream(Stream[TFSTPState]):
    """`tfstp` as a stream, with a latency of 0.

    A spike multiplies R by 1 - u and moves u towards 1. Then both decay to rest by a constant
    factor per readout, which gives the recursion of `tfstp` at the next spike. The state holds
    1 - R and u - u0, because after a long interval R and u would lose these differences to
    rounding. The rate is computed from

        -tau ln(x exp(-D / tau) / y) = D + tau ln(y / x)

    where x and y are the values right after two spikes, so that long intervals D do not underflow.
    An infinite interval gives the rate 0, which is correct for the first spike.

    Attributes:
        gain: spikes per readout at intensity 1.
        estimate: 'resources' or 'release'.
        synapse: the constants of the synapse.
    """

    gain: ArrayLike = 1.0
    estimate: Estimate = "resources"
    synapse: Synapse = _PUBLISHED

    def __post_init__(self) -> None:
        if self.estimate not in ("resources", "release"):
            raise ValueError(
                f"tfstp: estimate: expected 'resources' or 'release', got {self.estimate!r}"
            )
        arguments.check_stream_gain("TFSTPStream", self.gain)

    @property
    def latency(self) -> int:
        """Readouts from an image's centre to the step that returns it: 0."""
        return 0

    def init(self, *shape: int) -> TFSTPState:
        """Creates the initial state for readouts of this shape."""
        u0, f = self.synapse.u0, self.synapse.f
        first = u0 if self.estimate == "resources" else f * (1 - u0)  # the value at a first spike
        values = (0.0, 0.0, first, first, np.inf, np.inf)
        return TFSTPState(*(jnp.full(shape, value, jnp.float32) for value in values))

    def update(
        self, state: TFSTPState, readout: ArrayLike, present: ArrayLike = True
    ) -> TFSTPState:
        """Updates the state with one readout."""
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

    def image(self, state: TFSTPState) -> jax.Array:
        """Returns the image at the newest readout."""
        tau = self.synapse.tau_d if self.estimate == "resources" else self.synapse.tau_f
        period = state.interval + tau * jnp.log(state.latest / state.earlier)
        return 1 / period / self.gain  # not 1 / (period gain): the period can be infinite


@jax.jit
def _tfstp(stream: TFSTPStream, spikes: jax.Array, centre: jax.Array) -> jax.Array:
    if spikes.ndim == 4:
        return jax.vmap(lambda one: _tfstp(stream, one, centre))(spikes)
    shape = spikes.shape[1:]
    centres = jnp.atleast_1d(centre)

    def visit(carry: tuple, place: jax.Array) -> tuple[tuple, None]:
        state, done, images = carry
        end = centres[place] + 1
        state = _read(stream, state, spikes, done, end)
        images = lax.dynamic_update_index_in_dim(images, stream.image(state), place, 0)
        return (state, end, images), None

    # one pass over the recording in order of time serves all centres
    images = jnp.zeros((*centres.shape, *shape), jnp.float32)
    start = (stream.init(*shape), jnp.int32(0), images)
    images = lax.scan(visit, start, jnp.argsort(centres))[0][2]
    return images.reshape(*centre.shape, *shape)


def _read(
    stream: TFSTPStream, state: TFSTPState, spikes: jax.Array, start: jax.Array, end: jax.Array
) -> TFSTPState:
    """Processes the readouts [start, end), several per iteration where possible."""

    def read(first: jax.Array, state: TFSTPState, number: int) -> TFSTPState:
        for i in range(number):
            readout = lax.dynamic_index_in_dim(spikes, first + i, keepdims=False)
            state = stream.update(state, readout)
        return state

    iterations = (end - start) // _UNROLL
    rest = start + iterations * _UNROLL
    state = lax.fori_loop(0, iterations, lambda i, s: read(start + i * _UNROLL, s, _UNROLL), state)
    return lax.fori_loop(rest, end, lambda n, s: read(n, s, 1), state)
