"""Recordings of any length in constant memory: a state and an image a readout."""

import abc
from typing import Generic, TypeVar

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

State = TypeVar("State")


class Stream(abc.ABC, Generic[State]):
    """A reconstruction that reads one readout at a time.

    The state that goes in and comes out is a pytree of fixed size, so `step` can be jitted, scanned
    and differentiated like any function. The image for a readout needs those after it too: it comes
    `latency` readouts later, the same to the last bit as the one from the whole recording.

        stream = TFPStream(window=41, gain=0.4)
        state = stream.init(250, 400)
        for n, readout in enumerate(readouts):
            state, image = stream.step(state, readout)  # of the readout n - stream.latency
        last_images = stream.finish(state)  # of the last `stream.latency` readouts

    The first `latency` images belong to no readout.
    """

    @property
    @abc.abstractmethod
    def latency(self) -> int:
        """How many readouts after its centre an image comes."""

    @abc.abstractmethod
    def init(self, *shape: int) -> State:
        """Makes the state before the first readout.

        Args:
            *shape: of a readout: (H, W), or (B, H, W) for several recordings at once.
        """

    @abc.abstractmethod
    def update(self, state: State, readout: ArrayLike, present: ArrayLike = True) -> State:
        """Reads one readout.

        Args:
            state: as `init` made it or `update` left it.
            readout: (*shape) bool or integer, 0 or 1 (any non-zero value counts as 1).
            present: False once the recording is over: time goes on, `readout` is not looked at.
        """

    @abc.abstractmethod
    def image(self, state: State) -> Array:
        """Gives the image `latency` readouts before the newest one, (*shape) float32 intensity."""

    def step(
        self, state: State, readout: ArrayLike, present: ArrayLike = True
    ) -> tuple[State, Array]:
        """Reads one readout and gives the image `latency` readouts before it (see the class)."""
        state = self.update(state, readout, present)
        return state, self.image(state)

    @jax.jit
    def run(self, state: State, readouts: Array) -> tuple[State, Array]:
        """Reads several readouts in one compiled loop.

        Args:
            state: as `init` made it or the last call left it.
            readouts: (N, *shape) bool or integer, 0 or 1.

        Returns:
            The state, and the N images (N, *shape), each `latency` readouts before its readout.
        """
        return lax.scan(self.step, state, readouts)

    @jax.jit
    def finish(self, state: State) -> Array:
        """Gives the images of the last `latency` readouts, (latency, *shape), at the end."""
        nothing = jnp.zeros(jax.eval_shape(self.image, state).shape, jnp.uint8)

        def step(state: State, _: None) -> tuple[State, Array]:
            return self.step(state, nothing, False)

        return lax.scan(step, state, None, length=self.latency)[1]
