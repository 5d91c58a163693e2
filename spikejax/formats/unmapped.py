"""Reading of .dat files by system calls, for programs that run for hours.

A mapped file counts as memory of the program for as long as its pages stay in memory, and a mapped
file that is cut ends the program. Reads by system calls have neither property.
"""

import dataclasses
import os
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from spikejax.formats.dat import Bytes, DatFile, DatLayout
from spikejax.formats.errors import FormatError
from spikejax.formats.recording import Recording


class DatReader:
    """A .dat file that is read by system calls; the same readouts as `DatFile`."""

    def __init__(self, path: Path, layout: DatLayout, readouts: int) -> None:
        """Opens the file.

        Args:
            path: the file.
            layout: the layout of a readout.
            readouts: T.
        """
        self._path, self._layout = path, layout
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)
        self.shape = (readouts, layout.height, layout.width)

    def __reduce__(self) -> tuple[Any, ...]:
        return DatReader, (self._path, self._layout, self.shape[0])

    def read(self, index: Any) -> Bytes:
        """Returns the readouts that a numpy index along the first axis selects, unpacked."""
        return self._layout.unpack(self._stored(index))

    def read_packed(self, index: Any) -> Bytes:
        """Returns the same readouts as upright packed rows."""
        return self._layout.packed(self._stored(index))

    def _stored(self, index: Any) -> Bytes:
        readouts = range(self.shape[0])
        if isinstance(index, slice):
            part = readouts[index]
            if part.step == 1:
                return self._bytes(part.start, len(part))
            index = np.array(part, np.int64)
        if np.ndim(index) == 0:
            return self._bytes(readouts[int(index)], 1)[0]
        parts = [self._bytes(readouts[int(i)], 1) for i in index]
        return np.concatenate(parts) if parts else self._bytes(0, 0)

    def _bytes(self, start: int, count: int) -> Bytes:
        """Reads `count` readouts from readout `start`, (count, readout_bytes)."""
        each = self._layout.readout_bytes
        stored = np.empty(count * each, np.uint8)
        view, done = memoryview(stored.data), 0
        while done < len(view):
            read = os.preadv(self._file, [view[done:]], start * each + done)
            if not read:
                raise FormatError(
                    f"{self._path}: ends within readout {start + done // each}: the file was cut "
                    "after it had been opened"
                )
            done += read
        return stored.reshape(count, each)


def unmapped(recording: Recording) -> Recording:
    """Returns the recording with its .dat file read by system calls instead of mapped.

    Args:
        recording: any recording.

    Returns:
        A recording of the same readouts; the given one if it is not a mapped .dat file, or the
        system has no such calls.

    Raises:
        OSError: if the file is gone.
    """
    source = recording._source
    if not isinstance(source, DatFile) or not hasattr(os, "preadv"):
        return recording
    return dataclasses.replace(
        recording, _source=DatReader(source.path, source.layout, source.shape[0])
    )
