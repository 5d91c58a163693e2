"""Reading and writing of videos frame by frame, in constant memory."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikejax.formats.atomic import replacing, require_regular_file
from spikejax.formats.errors import FormatError
from spikejax.formats.pixels import Image, as_image, quantise

_BT709 = 1  # code of the HD colour standard in H.264 streams; BT.601 would shift colours
_STUDIO_RANGE = 1


@dataclasses.dataclass(frozen=True)
class VideoInfo:
    """The header of a video.

    Attributes:
        height: rows.
        width: columns.
        fps: mean frames per second; None if unknown.
        frames: number of frames; None if unknown.
        duration_s: duration in seconds; None if unknown.
    """

    height: int
    width: int
    fps: float | None
    frames: int | None
    duration_s: float | None = None


def write_video(path: str | Path, frames: Iterable[Any], *, fps: float) -> int:
    """Writes frames to .mp4 (H.264) or .gif, atomically and one by one.

    H.264 requires even sizes: the last row or column of an odd size is repeated. MP4 stores colour
    at half resolution, GIF 256 colours per frame (grey frames are exact).

    Args:
        path: the file; its name ends in .mp4 or .gif. An existing file is replaced at the end.
        frames: images (H, W), (H, W, 1) or (H, W, 3), float in [0, 1], all of one size, stored
            without encoding. For viewing, first map intensity: `pictures.SCREEN.frames(images)`.
        fps: frames per second. GIF counts in hundredths of a second, and most viewers show at
            most 50 frames per second.

    Returns:
        The number of frames written.

    Raises:
        FormatError: if there are no frames, they differ in shape, or the name or the rate is not
            supported.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in (".mp4", ".gif"):
        raise FormatError(f"{path}: expected a name that ends in .mp4 or .gif")
    if not 0.01 <= fps <= 1000:
        raise FormatError(f"fps: expected 0.01 to 1000 frames per second, got {fps}")
    with replacing(path) as temporary:
        images = (as_image(frame, f"frame {i}") for i, frame in enumerate(frames))
        first = next(images, None)
        if first is None:
            raise FormatError(f"{path}: expected at least one frame, got none")
        pixels = _quantised(itertools.chain([first], images), first.shape)
        return _encode(temporary, kind, pixels, Fraction(fps).limit_denominator(10000))


def read_video(path: str | Path) -> Iterator[Image]:
    """Reads a video in any format that FFmpeg supports, frame by frame.

    Args:
        path: the file.

    Returns:
        An iterator over (H, W, 3) float32 RGB images in [0, 1], as stored, without decoding of
        gamma.

    Raises:
        FileNotFoundError: immediately, if the file does not exist.
        FormatError: during iteration, if it is not a video, or damaged.
    """
    return _decode(require_regular_file(path, "a video"))


def probe_video(path: str | Path) -> VideoInfo:
    """Reads the header of a video.

    Args:
        path: the file.

    Returns:
        The size, frame rate and length.

    Raises:
        FileNotFoundError: if the file does not exist.
        FormatError: if it is not a video.
    """
    path = require_regular_file(path, "a video")
    with _reading(path) as container:
        stream = container.streams.video[0]
        fps = float(stream.average_rate) if stream.average_rate else None
        duration = container.duration / 1e6 if container.duration else None
        return VideoInfo(stream.height, stream.width, fps, stream.frames or None, duration)


def _quantised(images: Iterable[Image], shape: tuple[int, ...]) -> Iterator[npt.NDArray[np.uint8]]:
    for i, image in enumerate(images):
        if image.shape != shape:
            raise FormatError(
                f"frame {i}: expected the shape of the first, {shape}, got {image.shape}"
            )
        yield quantise(image)


def _encode(path: Path, kind: str, frames: Iterator[Any], fps: Fraction) -> int:
    import av

    first = next(frames)
    prepare: Callable[[Any], Any] = _mp4_frame if kind == ".mp4" else _gif_frame
    with av.open(str(path), "w", format=kind[1:]) as container:
        options = {"crf": "17", "preset": "medium"} if kind == ".mp4" else {}
        codec = "libx264" if kind == ".mp4" else "gif"
        stream: Any = container.add_stream(codec, rate=fps, options=options)
        frame = prepare(first)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, frame.format.name
        if kind == ".mp4":
            codec_context = stream.codec_context
            codec_context.colorspace = codec_context.color_primaries = _BT709
            codec_context.color_trc, codec_context.color_range = _BT709, _STUDIO_RANGE
        container.mux(stream.encode(frame))
        count = 1
        for pixels in frames:
            container.mux(stream.encode(prepare(pixels)))
            count += 1
        container.mux(stream.encode(None))
    return count


def _mp4_frame(pixels: npt.NDArray[np.uint8]) -> Any:
    import av

    odd = [(0, pixels.shape[0] % 2), (0, pixels.shape[1] % 2), (0, 0)]
    padded = np.pad(pixels, odd[: pixels.ndim], mode="edge")
    frame = av.VideoFrame.from_ndarray(padded, format="gray" if pixels.ndim == 2 else "rgb24")
    return frame.reformat(format="yuv420p", dst_colorspace=_BT709, dst_color_range=_STUDIO_RANGE)


def _gif_frame(pixels: npt.NDArray[np.uint8]) -> Any:
    import av

    if pixels.ndim == 2:
        return av.VideoFrame.from_ndarray(pixels, format="gray")
    import PIL.Image

    indexed = PIL.Image.fromarray(pixels).quantize(256)
    colours = np.reshape(np.asarray(indexed.getpalette("RGB"), np.uint8), (-1, 3))
    palette = np.full((256, 4), 255, np.uint8)  # alpha first, all opaque
    palette[: len(colours), 1:] = colours
    planes: Any = (np.asarray(indexed), palette)
    return av.VideoFrame.from_ndarray(planes, format="pal8")


def _decode(path: Path) -> Iterator[Image]:
    import av

    with _reading(path) as container:
        try:
            for frame in container.decode(video=0):
                deep = max(component.bits for component in frame.format.components) > 8
                pixels = frame.to_ndarray(format="rgb48le" if deep else "rgb24")
                yield pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
        except av.FFmpegError as error:
            raise FormatError(f"{path}: damaged video ({error.strerror})") from None


def _reading(path: Path) -> Any:
    import av

    try:
        container = av.open(str(path))
    except (av.FFmpegError, ValueError) as error:
        if isinstance(error, OSError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise FormatError(f"{path}: not a readable video ({reason})") from None
    streams = container.streams.video
    if not streams or streams[0].codec_context is None:
        container.close()
        raise FormatError(f"{path}: contains no decodable video")
    return container
