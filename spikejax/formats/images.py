"""Reading and writing of PNG and JPEG images as float arrays, with 8 or 16 bits.

Pillow supports RGB with 8 bits only, so 16-bit PNG files use PyAV.
"""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikejax.formats.atomic import replacing, require_regular_file
from spikejax.formats.errors import FormatError, first_line
from spikejax.formats.pixels import Image, as_image, quantise

_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
_MAX_PIXELS = 1 << 28  # a larger size counts as a damaged or malicious header


def read_image(path: str | Path) -> Image:
    """Reads a PNG or JPEG file, or any other format that Pillow supports.

    Values are returned as stored, without decoding of gamma. The rotation in EXIF is applied. An
    alpha channel is dropped.

    Args:
        path: the file, with 8 or 16 bits per channel.

    Returns:
        (H, W) for grey or (H, W, 3) for RGB, float32 in [0, 1].

    Raises:
        FileNotFoundError: if the file does not exist.
        OSError: if it is a directory or not readable.
        FormatError: if it is not an image, damaged or too large.
    """
    path = require_regular_file(path, "an image")
    data = path.read_bytes()
    try:
        pixels = _decode_png16(data) if _is_png16(data) else _decode(data)
    except Exception as error:  # decoders raise many types on damaged files
        raise FormatError(f"{path}: not a readable image ({first_line(error)})") from None
    return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)


def write_image(path: str | Path, image: Any, *, bits: int = 8) -> None:
    """Writes an image atomically.

    Args:
        path: the file; its name ends in .png, .jpg or .jpeg.
        image: (H, W), (H, W, 1) or (H, W, 3) float in [0, 1], stored without encoding; other values
            are clipped. For viewing, first map intensity with a `pictures.Display`.
        bits: 8, or 16 for PNG.

    Raises:
        FormatError: if the name, the shape, the type or `bits` is not supported.
    """
    path = Path(path)
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise FormatError(f"{path}: expected a name that ends in .png, .jpg or .jpeg")
    if bits not in (8, 16) or (bits == 16 and kind != "PNG"):
        raise FormatError(f"{path}: expected 8 bits, or 16 for .png, got {bits}")
    pixels = quantise(as_image(image), bits)
    with replacing(path) as temporary:
        temporary.write_bytes(_encode_png16(pixels) if bits == 16 else _encode(pixels, kind))


def _encode(pixels: npt.NDArray[Any], kind: str) -> bytes:
    import PIL.Image

    buffer = io.BytesIO()
    options = {"quality": 95} if kind == "JPEG" else {}
    PIL.Image.fromarray(pixels).save(buffer, format=kind, **options)
    return buffer.getvalue()


def _decode(data: bytes) -> npt.NDArray[Any]:
    import PIL.Image
    import PIL.ImageOps

    try:
        opened = PIL.Image.open(io.BytesIO(data))
    except PIL.UnidentifiedImageError:  # its message describes an object in memory
        raise ValueError("unknown format" if data else "it is empty") from None
    with opened as image:
        _require_sensible(*image.size)
        upright = PIL.ImageOps.exif_transpose(image)
        if upright.mode in ("1", "L", "LA", "La"):
            return np.asarray(upright.convert("L"))
        if upright.mode.startswith("I;16"):
            return np.asarray(upright).astype(np.uint16)
        if upright.mode in ("I", "F"):
            raise ValueError(f"mode {upright.mode} has no known range")
        return np.asarray(upright.convert("RGB"))


def _is_png16(data: bytes) -> bool:
    return data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and data[24:25] == b"\x10"


def _decode_png16(data: bytes) -> npt.NDArray[Any]:
    import av

    _require_sensible(*struct.unpack(">II", data[16:24]))
    decoder: Any = av.CodecContext.create("png", "r")
    frames = decoder.decode(av.Packet(data)) or decoder.decode(None)
    if not frames:
        raise ValueError("the file is truncated")
    grey = data[25] in (0, 4)
    pixels: npt.NDArray[Any] = frames[0].to_ndarray(format="gray16le" if grey else "rgb48le")
    return pixels


def _encode_png16(pixels: npt.NDArray[Any]) -> bytes:
    import av

    stored, native = ("gray16be", "gray16le") if pixels.ndim == 2 else ("rgb48be", "rgb48le")
    encoder: Any = av.CodecContext.create("png", "w")
    encoder.height, encoder.width = pixels.shape[:2]
    encoder.pix_fmt = stored
    encoder.framerate = 1
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=native)
    packets = [*encoder.encode(frame.reformat(format=stored)), *encoder.encode(None)]
    return b"".join(bytes(packet) for packet in packets)


def _require_sensible(width: int, height: int) -> None:
    if width * height > _MAX_PIXELS:
        raise ValueError(f"{height}x{width} pixels are more than {_MAX_PIXELS}")
