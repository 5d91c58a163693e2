"""Simulation of a video of any length: spikes, and photographs, in constant memory."""

import dataclasses
import functools
import itertools
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from spikejax.camera import Sensor, grey_of, power_on, record, to_grey
from spikejax.camera.encoding import Encoding, checked_encoding, to_linear
from spikejax.camera.interpolation import in_between, mean_of_cells
from spikejax.simulation.optical_flow import optical_flow, require_opencv
from spikejax.simulation.shutter import Shutter, ShutterTimes, SimulatedExposure

INTERPOLATIONS = ("linear", "motion")
_VALUES = 1 << 22  # pixels per rendered piece


@dataclasses.dataclass(frozen=True, kw_only=True)
class Filming:
    """The conversion of a video to the light on the camera.

    Attributes:
        upsample: readouts from one frame to the next.
        interpolation: the interpolation between frames: 'linear', or 'motion' (needs OpenCV).
        encoding: the encoding of the frames' values: 'srgb', 'linear' or an exponent; see
            `spikejax.camera.encoding`.
        scale: a pixel of the camera averages scale x scale pixels of the video; rows and columns
            that fill no whole cell are left out.
    """

    upsample: int = 8
    interpolation: Literal["linear", "motion"] = "linear"
    encoding: Encoding = "srgb"
    scale: int = 1

    def __post_init__(self) -> None:
        for name in ("upsample", "scale"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected 1 or more, got {getattr(self, name)}")
        if self.interpolation not in INTERPOLATIONS:
            raise ValueError(
                f"interpolation: expected {' or '.join(INTERPOLATIONS)}, got {self.interpolation!r}"
            )
        object.__setattr__(self, "encoding", checked_encoding(self.encoding))
        if self.interpolation == "motion":
            require_opencv()

    def readouts(self, frames: int) -> int:
        """Returns the readouts of a number of frames; the last frame is the last readout."""
        return (frames - 1) * self.upsample + 1

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Returns the rows and columns of the camera for a video of this size.

        Raises:
            ValueError: if the video is smaller than a pixel of the camera.
        """
        if min(height, width) < self.scale:
            raise ValueError(
                f"scale: {height}x{width} pixels do not fill a cell of {self.scale}x{self.scale}"
            )
        return height // self.scale, width // self.scale


def simulate_video(
    key: jax.Array,
    frames: Iterable[np.ndarray],
    sensor: Sensor,
    *,
    filming: Filming | None = None,
    times: ShutterTimes | None = None,
) -> Iterator[tuple[np.ndarray, list[SimulatedExposure]]]:
    """Records a video with a spike camera and an ordinary camera beside it.

    The spikes depend on the key, the frames, the sensor and `filming` alone. Memory does not grow
    with the length of the video. A thread reads frames ahead.

    Args:
        key: JAX random key of the fixed pattern, which is drawn once, and all noise.
        frames: at least two frames, (H, W, 3) float32 each, RGB as stored, in [0, 1].
        sensor: one of `camera.SENSORS`, or your own.
        filming: the conversion of frames to light; None for the defaults.
        times: the times of the photographs; None for no photographs.

    Yields:
        (n, H / scale, W / scale) uint8 spikes of the next readouts, and the photographs that these
        readouts complete.

    Raises:
        ValueError: if there are fewer than two frames, or their sizes differ.
    """
    filming = filming or Filming()
    state = None
    shutter = None if times is None else Shutter(times, filming.upsample)
    for batch in _ahead(_batches(iter(frames), filming)):
        left = batch.readouts
        for fractions in batch.fractions:
            if left == 0:
                break
            light = _light(batch, fractions, filming, colour=False)
            if state is None:
                state = power_on(key, sensor, light.shape[1:])
            recorded, state = record(state, light, sensor)
            spikes = np.asarray(recorded)[:left]
            finished: list[SimulatedExposure] = []
            if shutter is not None:
                colours = _light(batch, fractions, filming, colour=True)
                finished = shutter.see(colours[: len(spikes)], spikes)
            yield spikes, finished
            left -= len(spikes)


@dataclasses.dataclass(frozen=True, eq=False)
class _Batch:
    """Frames that are rendered together.

    Attributes:
        frames: (P + 1, H, W, 3), as stored.
        flows: (2, P, H, W, 2), forward and backward, or None.
        fractions: the times between two frames, in pieces that are rendered one after another;
            all in one piece if P > 1.
        readouts: the readouts that belong to the video; padding repeats its last frame.
    """

    frames: np.ndarray
    flows: np.ndarray | None
    fractions: list[np.ndarray]
    readouts: int


def _batches(frames: Iterator[np.ndarray], filming: Filming) -> Iterator[_Batch]:
    head = list(itertools.islice(frames, 2))
    if len(head) < 2:
        raise ValueError(f"a video needs at least 2 frames, got {len(head)}")
    rows, columns = (n * filming.scale for n in filming.size(*head[0].shape[:2]))
    pixels, upsample = rows * columns, filming.upsample
    pairs = max(1, min(64, _VALUES // (pixels * upsample)))
    piece = upsample if pairs > 1 else max(1, min(upsample, _VALUES // pixels))
    times = np.arange(upsample, dtype=np.float32) / np.float32(upsample)
    fractions = [times[i : i + piece] for i in range(0, upsample, piece)]
    frames = itertools.chain(head, frames)
    held = [next(frames)]
    while held:
        held += itertools.islice(frames, pairs + 1 - len(held))
        count = len(held)
        if any(frame.shape != head[0].shape for frame in held):
            raise ValueError("the frames of a video must be of one size")
        held += [held[-1]] * (pairs + 1 - count)
        stack = np.stack(held)[:, :rows, :columns]
        readouts = (count - 1) * upsample if count > pairs else filming.readouts(count)
        flows = _flows(stack, count) if filming.interpolation == "motion" else None
        yield _Batch(stack, flows, fractions, readouts)
        held = [held[-1]] if count > pairs else []


def _flows(frames: np.ndarray, count: int) -> np.ndarray:
    """Returns both flows between the first `count` frames; 0 between repeated frames."""
    grey = grey_of(frames)
    display = (np.clip(grey, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)
    flows = np.zeros((2, len(frames) - 1, *display.shape[1:], 2), np.float32)
    for i in range(count - 1):
        flows[0, i] = optical_flow(display[i], display[i + 1])
        flows[1, i] = optical_flow(display[i + 1], display[i])
    return flows


def _light(batch: _Batch, fractions: np.ndarray, filming: Filming, *, colour: bool) -> jax.Array:
    """Returns linear light: (P G, H, W, 3) in colour, or (P G, H / scale, W / scale) in grey."""
    scale = 1 if colour else filming.scale
    return _rendered(batch.frames, fractions, batch.flows, filming.encoding, scale, colour)


@functools.partial(jax.jit, static_argnums=(3, 4, 5))
def _rendered(
    frames: jax.Array,
    fractions: jax.Array,
    flows: jax.Array | None,
    encoding: Encoding,
    scale: int,
    colour: bool,
) -> jax.Array:
    linear = to_linear(frames, encoding)
    linear = linear if colour else to_grey(linear)[..., None]
    there, back = (None, None) if flows is None else (flows[0], flows[1])
    light = in_between(linear[:-1], linear[1:], fractions, forward=there, backward=back)
    light = mean_of_cells(light.reshape(-1, *light.shape[2:]), scale)
    return light if colour else jnp.squeeze(light, -1)


def _ahead(batches: Iterator[_Batch]) -> Iterator[_Batch]:
    """Yields the batches; a thread prepares the next one."""
    with ThreadPoolExecutor(1, thread_name_prefix="spikejax-frames") as thread:
        upcoming = thread.submit(next, batches, None)
        while (batch := upcoming.result()) is not None:
            upcoming = thread.submit(next, batches, None)
            yield batch
