"""The .dat format: no header, eight pixels per byte, rows bottom-up.

A readout has ceil(height * width / 8) bytes. Pixels are stored row by row, pixel 8 k + b in bit b
of byte k, least significant bit first. The bottom row comes first, because the lens turns the image
upside down. The other bit order, top-down rows and padding columns at the end of each row are
options.
"""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikejax.formats.errors import FormatError

Bytes = npt.NDArray[np.uint8]

_REVERSED = np.packbits(
    np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1), axis=1, bitorder="little"
)[:, 0]

KNOWN_SIZES = (  # height, width, stored width
    (250, 400, 400),
    (250, 400, 416),
    (500, 800, 800),
    (1000, 1000, 1000),
    (1000, 1000, 1024),
    (480, 854, 854),
    (720, 1280, 1280),
    (180, 320, 320),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DatLayout:
    """The layout of one readout's pixels in its bytes.

    Attributes:
        height: rows.
        width: columns of pixels.
        stored_width: columns in the file; those beyond `width` are padding. 0 means `width`.
        flip: whether the bottom row is stored first.
        bit_order: 'little' if a byte's first pixel is its least significant bit, 'big' if it is
            its most significant bit.
    """

    height: int
    width: int
    stored_width: int = 0
    flip: bool = True
    bit_order: str = "little"

    def __post_init__(self) -> None:
        if not self.stored_width:
            object.__setattr__(self, "stored_width", self.width)
        if self.stored_width < self.width:
            raise FormatError(
                f"stored_width: expected at least the width, {self.width}, got {self.stored_width}"
            )

    @property
    def readout_bytes(self) -> int:
        """Bytes of one readout in the file."""
        return -(-self.height * self.stored_width // 8)

    def __str__(self) -> str:
        padding = f", stored_width={self.stored_width}" if self.stored_width > self.width else ""
        return f"{self.height}x{self.width}{padding}"

    def unpack(self, stored: Bytes) -> Bytes:
        """Converts stored bytes to pixels.

        Args:
            stored: (..., readout_bytes) uint8.

        Returns:
            (..., height, width) uint8, 0 or 1, upright.
        """
        if self.stored_width % 8:
            return np.ascontiguousarray(self._pixels(stored))
        rows = self._rows(stored)
        pixels = np.unpackbits(rows.reshape(-1), bitorder=self._order)  # 1-D is the fastest
        return self._crop(pixels.reshape(*rows.shape[:-1], 8 * rows.shape[-1]))

    def packed(self, stored: Bytes) -> Bytes:
        """Converts stored bytes to upright rows of whole bytes, least significant bit first.

        Args:
            stored: (..., readout_bytes) uint8.

        Returns:
            (..., height, ceil(width / 8)) uint8; unused bits of a row's last byte are 0.
        """
        if self.stored_width % 8:
            return np.packbits(self._pixels(stored), axis=-1, bitorder="little")
        rows = self._rows(stored)
        if self.bit_order == "big":
            rows = _REVERSED[rows]
        if self.width % 8:
            rows[..., -1] &= (1 << self.width % 8) - 1
        return rows

    def pack(self, spikes: npt.NDArray[Any]) -> Bytes:
        """Converts pixels to stored bytes, the inverse of `unpack`.

        Args:
            spikes: (n, height, width) bool or uint8, 0 or 1, upright.

        Returns:
            (n, readout_bytes) uint8.
        """
        if self.flip:
            spikes = spikes[:, ::-1]
        if self.stored_width > self.width:
            spikes = np.pad(spikes, ((0, 0), (0, 0), (0, self.stored_width - self.width)))
        return np.packbits(spikes.reshape(len(spikes), -1), axis=1, bitorder=self._order)

    @property
    def _order(self) -> Any:
        return self.bit_order

    def _rows(self, stored: Bytes) -> Bytes:
        """Returns a new array (..., height, bytes) of upright rows, for rows of whole bytes."""
        rows = stored.reshape(*stored.shape[:-1], self.height, self.stored_width // 8)
        if self.flip:
            rows = rows[..., ::-1, :]
        return rows[..., : -(-self.width // 8)].copy()

    def _pixels(self, stored: Bytes) -> Bytes:
        """Returns pixels (..., height, width), for rows that do not start at a byte."""
        count = self.height * self.stored_width
        pixels = np.unpackbits(stored, axis=-1, count=count, bitorder=self._order)
        pixels = pixels.reshape(*stored.shape[:-1], self.height, self.stored_width)
        return self._crop(pixels[..., ::-1, :] if self.flip else pixels)

    def _crop(self, pixels: Bytes) -> Bytes:
        return pixels if pixels.shape[-1] == self.width else pixels[..., : self.width].copy()


class DatFile:
    """A memory-mapped .dat file.

    Attributes:
        path: the file, absolute.
        layout: the layout of a readout.
        shape: (T, H, W).
    """

    def __init__(self, path: Path, layout: DatLayout) -> None:
        """Maps the file.

        Args:
            path: the file.
            layout: the layout of a readout.

        Raises:
            FormatError: if the file is empty or its size is not a whole number of readouts.
        """
        self.path = path.absolute()  # another process may have another working directory
        self.layout = layout
        with path.open("rb") as file:
            readouts = count_readouts(path, file.seek(0, 2), layout)
            mapped = np.memmap(
                file, dtype=np.uint8, mode="r", shape=(readouts, layout.readout_bytes)
            )
        self._stored: Bytes = mapped.view(np.ndarray)
        self.shape = (readouts, layout.height, layout.width)

    def __reduce__(self) -> tuple[Any, ...]:
        return DatFile, (self.path, self.layout)

    def read(self, index: Any) -> Bytes:
        """Returns the readouts that a numpy index along the first axis selects, unpacked."""
        return self.layout.unpack(self._stored[index])

    def read_packed(self, index: Any) -> Bytes:
        """Returns the same readouts as upright packed rows."""
        return self.layout.packed(self._stored[index])


def count_readouts(path: Path, size: int, layout: DatLayout) -> int:
    """Returns the number of readouts in a file of `size` bytes.

    Raises:
        FormatError: if the file is empty or its size is not a whole number of readouts.
    """
    if size == 0:
        raise FormatError(f"{path}: the file is empty")
    each = layout.readout_bytes
    readouts, rest = divmod(size, each)
    if not rest:
        return readouts
    above = f"{(readouts + 1) * each} ({readouts + 1})"
    nearest = f"{readouts * each} ({readouts}) or {above}" if readouts else above
    raise FormatError(
        f"{path}: {size} bytes are not a whole number of {layout} readouts of {each} bytes; "
        f"the nearest sizes are {nearest}; {fitting_sizes(size)}"
    )


def fitting_sizes(size: int) -> str:
    """Returns a text of the known sensor sizes that fit a .dat file of `size` bytes."""
    fits = []
    for height, width, stored_width in KNOWN_SIZES:
        layout = DatLayout(height=height, width=width, stored_width=stored_width)
        if size % layout.readout_bytes == 0:
            fits.append(f"{layout} ({size // layout.readout_bytes} readouts)")
    return f"known sizes that fit: {'; '.join(fits)}" if fits else "no known size fits"
