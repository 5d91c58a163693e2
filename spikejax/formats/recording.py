"""`Recording`: a spike stream in a file or in memory, indexed like an array."""

import dataclasses
import operator
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from spikejax.formats.arrays import SpikeArray, as_spikes
from spikejax.formats.errors import FormatError, ReadoutIndexError
from spikejax.formats.sidecar import Sidecar

DEFAULT_RATE_HZ = 20000.0
DEFAULT_GAIN = 1.0

Spikes = npt.NDArray[np.uint8]


class ReadoutSource(Protocol):
    """The readouts behind a recording; indices select along time, as in numpy."""

    shape: tuple[int, int, int]

    def read(self, index: Any) -> Spikes:
        """Returns the selected readouts, (..., H, W) uint8, as a new array."""

    def read_packed(self, index: Any) -> Spikes:
        """Returns packed readouts, (..., H, ceil(W / 8)) uint8, least significant bit first."""


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Recording:
    """A spike stream: `rec[100:161]` is a uint8 array (61, H, W) of 0 and 1, upright.

    Create recordings with `open_recording` or `Recording.from_array`. Readouts are read when they
    are indexed. Indexing follows numpy along time: an integer gives (H, W) and counts from the end
    if negative; a slice gives (n, H, W) and is clipped to the recording; a list or an array of
    integers selects readouts; further indices select rows and columns. A pickled recording of a
    file stores the path, and the workers of a data loader open the file again.

    Attributes:
        rate_hz: readouts per second.
        gain: spikes per readout at intensity 1.
        path: the file, or None for an array in memory.
        sensor: name of the camera, or None if it is unknown.
        extra: all other entries of the sidecar.
    """

    _source: ReadoutSource | None
    rate_hz: float
    gain: float
    path: Path | None = None
    sensor: str | None = None
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_array(
        cls,
        spikes: Any,
        *,
        rate_hz: float = DEFAULT_RATE_HZ,
        gain: float = DEFAULT_GAIN,
        sensor: str | None = None,
    ) -> "Recording":
        """Creates a recording of an array, which is copied only if its type changes.

        Args:
            spikes: (T, H, W) bool, integer or float, 0 or 1, upright.
            rate_hz: readouts per second.
            gain: spikes per readout at intensity 1.
            sensor: name of the camera.

        Returns:
            The recording.

        Raises:
            FormatError: if the shape is not (T, H, W), or a value is neither 0 nor 1.
        """
        facts = Sidecar(rate_hz=rate_hz, gain=gain, sensor=sensor)
        array = as_spikes(spikes, "spikes")
        if array.ndim != 3 or 0 in array.shape:
            raise FormatError(f"spikes: expected the shape (T, H, W), got {array.shape}")
        return cls.described(SpikeArray(array, "spikes"), facts)

    @classmethod
    def described(
        cls, source: ReadoutSource, facts: Sidecar, path: Path | None = None
    ) -> "Recording":
        """Creates a recording from a source of readouts and facts about the sensor."""
        return cls(
            source,
            rate_hz=DEFAULT_RATE_HZ if facts.rate_hz is None else facts.rate_hz,
            gain=DEFAULT_GAIN if facts.gain is None else facts.gain,
            path=path,
            sensor=facts.sensor,
            extra=facts.extra,
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        """(T, H, W)."""
        return self._open_source().shape

    @property
    def height(self) -> int:
        """Rows of a readout."""
        return self.shape[1]

    @property
    def width(self) -> int:
        """Columns of a readout."""
        return self.shape[2]

    @property
    def ndim(self) -> int:
        """Always 3."""
        return 3

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """Always uint8."""
        return np.dtype(np.uint8)

    @property
    def duration_s(self) -> float:
        """Duration in seconds: T / rate_hz."""
        return len(self) / self.rate_hz

    @property
    def sidecar(self) -> Sidecar:
        """The sidecar for a copy of the recording in any layout."""
        return Sidecar(
            height=self.height,
            width=self.width,
            rate_hz=self.rate_hz,
            gain=self.gain,
            sensor=self.sensor,
            extra=self.extra,
        )

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Spikes:
        if isinstance(index, tuple):
            if not index or index[0] is Ellipsis or index[0] is None:
                return self[:][index]
            first, rest = index[0], index[1:]
            keep = () if _is_integer(first) else (slice(None),)
            return self[first][(*keep, *rest)]
        source = self._open_source()
        if not isinstance(index, slice):
            index = self._checked(index)
        return source.read(index)

    def packed(self, start: int = 0, stop: int | None = None) -> Spikes:
        """Returns readouts as packed rows, which transfer to a device at an eighth of the size.

        Unlike a slice, the range is not clipped to the recording.

        Args:
            start: the first readout, 0 to T.
            stop: the readout after the last, start to T; None is T.

        Returns:
            (stop - start, H, ceil(W / 8)) uint8, upright, a row's first pixel in the least
            significant bit of its first byte. `ops.unpack_bits(p, rec.width)` is the inverse.

        Raises:
            ReadoutIndexError: if the range is not 0 <= start <= stop <= T.
        """
        readouts = len(self)
        start, stop = operator.index(start), readouts if stop is None else operator.index(stop)
        if not 0 <= start <= stop <= readouts:
            raise ReadoutIndexError(
                f"readouts {start} to {stop} are out of range: {self._name} has {readouts}"
            )
        return self._open_source().read_packed(slice(start, stop))

    def chunks(self, size: int = 256) -> Iterator[Spikes]:
        """Yields the recording in chunks, in constant memory.

        Args:
            size: readouts per chunk, at least 1; the last chunk may be shorter.

        Yields:
            (n, H, W) uint8.

        Raises:
            ValueError: if the size is less than 1.
        """
        if size < 1:
            raise ValueError(f"size: expected at least 1 readout per chunk, got {size}")
        for start in range(0, len(self), size):
            yield self[start : start + size]

    def __iter__(self) -> Iterator[Spikes]:
        for chunk in self.chunks(64):
            yield from chunk

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("reading a recording into an array copies; got copy=False")
        return self[:].astype(dtype or np.uint8, copy=False)

    def close(self) -> None:
        """Closes the file; arrays that were read stay valid."""
        object.__setattr__(self, "_source", None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._source is None:
            return f"Recording({self._name}, closed)"
        sensor = f", {self.sensor}" if self.sensor else ""
        return (
            f"Recording({self._name}{sensor}: {len(self)} readouts of {self.height}x{self.width}, "
            f"{self.rate_hz:g} Hz, {self.duration_s:g} s, gain {self.gain:g})"
        )

    def _repr_html_(self) -> str:
        """Facts, the firing rate over time and a picture, for notebooks."""
        from spikejax.formats.notebook import as_html

        return as_html(self)

    @property
    def _name(self) -> str:
        return "in memory" if self.path is None else str(self.path)

    def _open_source(self) -> ReadoutSource:
        if self._source is None:
            raise ValueError(f"{self._name}: the recording is closed")
        return self._source

    def _checked(self, index: Any) -> Any:
        """Returns the index as an integer or an array of integers, all within the recording."""
        readouts = len(self)
        if _is_integer(index):
            index = operator.index(index)
            wrong = [] if -readouts <= index < readouts else [index]
        else:
            index = np.asarray(index)
            if index.ndim != 1 or index.dtype.kind not in "iu":
                raise TypeError(
                    "a recording is indexed by an integer, a slice or a list of integers, "
                    f"got {index.dtype} of shape {index.shape}"
                )
            wrong = index[(index < -readouts) | (index >= readouts)].tolist()
        if wrong:
            raise ReadoutIndexError(
                f"readout {wrong[0]} is out of range: {self._name} has {readouts} readouts"
            )
        return index


def _is_integer(index: Any) -> bool:
    try:
        operator.index(index)
    except TypeError:
        return False
    return True
