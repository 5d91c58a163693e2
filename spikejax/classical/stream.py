"""Streaming reconstruction of recordings of any length in constant memory."""

import abc
from typing import Generic, TypeVar

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike

State = TypeVar("State")


class Stream(abc.ABC, Generic[State]):
    """A reconstruction that processes one readout at a time.

    The state is a pytree of fixed size, so `step` can be jitted, scanned and differentiated. The
    image at a readout also depends on later readouts. `step` returns it `latency` readouts later,
    bit for bit equal to the image from the whole recording.

        stream = TFPStream(window=41, gain=0.4)
        state = stream.init(250, 400)
        for n, readout in enumerate(readouts):
            state, image = stream.step(state, readout)  # image at readout n - stream.latency
        last_images = stream.finish(state)  # images at the last `stream.latency` readouts

    The first `latency` images do not correspond to a readout.
    """

    @property
    @abc.abstractmethod
    def latency(self) -> int:
        """Readouts from an image's centre to the step that returns it."""

    @abc.abstractmethod
    def init(self, *shape: int) -> State:
        """Creates the initial state.

        Args:
            *shape: shape of a readout: (H, W), or (B, H, W) for several recordings at once.

        Returns:
            The state before the first readout.
        """

    @abc.abstractmethod
    def update(self, state: State, readout: ArrayLike, present: ArrayLike = True) -> State:
        """Updates the state with one readout.

        Args:
            state: from `init` or the last call of `update`.
            readout: (*shape) bool or integer, 0 or 1 (any non-zero value counts as 1).
            present: False after the end of the recording: time advances, `readout` is ignored.

        Returns:
            The new state.
        """

    @abc.abstractmethod
    def image(self, state: State) -> jax.Array:
        """Returns the image `latency` readouts before the newest, (*shape) float32 intensity."""

    def step(
        self, state: State, readout: ArrayLike, present: ArrayLike = True
    ) -> tuple[State, jax.Array]:
        """Updates the state with one readout and returns the image `latency` readouts before it.

        Args:
            state: from `init` or the last call of `step`.
            readout: as in `update`.
            present: as in `update`.

        Returns:
            The new state, and the image (*shape) float32.
        """
        state = self.update(state, readout, present)
        return state, self.image(state)

    @jax.jit
    def run(self, state: State, readouts: jax.Array) -> tuple[State, jax.Array]:
        """Processes several readouts in one compiled loop.

        Args:
            state: from `init` or the last call.
            readouts: (N, *shape) bool or integer, 0 or 1.

        Returns:
            The new state, and the images (N, *shape), each `latency` readouts before its readout.
        """
        return lax.scan(self.step, state, readouts)

    @jax.jit
    def finish(self, state: State) -> jax.Array:
        """Returns the images (latency, *shape) at the last `latency` readouts of the recording."""
        blank = jnp.zeros(jax.eval_shape(self.image, state).shape, jnp.uint8)

        def step(state: State, _: None) -> tuple[State, jax.Array]:
            return self.step(state, blank, False)

        return lax.scan(step, state, None, length=self.latency)[1]
