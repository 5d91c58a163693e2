import itertools

import numpy as np
import pytest

from spikejax.formats import (
    FormatError,
    probe_video,
    read_video,
    write_video,
)


def smooth(frames, height, width, *, colour=False):
    """Yields a moving pattern that is smooth enough for a codec."""
    y, x = np.mgrid[:height, :width]
    for t in range(frames):
        grey = 0.5 + 0.4 * np.sin((x + 2 * t) / 9) * np.cos(y / 7)
        image = np.stack([grey, x / width, 1 - grey], -1) if colour else grey
        yield image.astype(np.float32)


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("size", [(32, 48), (31, 47)])
def test_mp4_round_trip(tmp_path, size, colour):
    frames = list(smooth(7, *size, colour=colour))
    count = write_video(tmp_path / "x.mp4", iter(frames), fps=25)
    got = list(read_video(tmp_path / "x.mp4"))
    assert count == len(got) == 7
    height, width = size
    assert got[0].shape == (height + height % 2, width + width % 2, 3)
    assert got[0].dtype == np.float32
    for frame, read in zip(frames, got, strict=True):
        inner = read[:height, :width] - (frame if colour else frame[:, :, None])
        assert np.abs(inner).mean() < (0.02 if colour else 0.01)
    assert [p.name for p in tmp_path.iterdir()] == ["x.mp4"]


def test_flat_colours_keep_their_hue(tmp_path):
    """The encoder uses the colour standard that the file names."""
    colours = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]] * 0.8 + 0.1
    image = colours.repeat(16, 0)[None].repeat(32, 0)
    write_video(tmp_path / "x.mp4", [image] * 3, fps=10)
    got = next(read_video(tmp_path / "x.mp4"))
    np.testing.assert_allclose(got[16, 4:60:16], image[16, 4:60:16], atol=0.02)


def test_mp4_is_h264_with_yuv420p(tmp_path):
    import av

    write_video(tmp_path / "x.mp4", smooth(4, 16, 24), fps=29.97)
    with av.open(str(tmp_path / "x.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
    info = probe_video(tmp_path / "x.mp4")
    assert (info.height, info.width, info.frames) == (16, 24, 4)
    assert info.fps == pytest.approx(29.97, rel=1e-3)


def test_grey_gif_is_exact(tmp_path):
    import PIL.Image

    frames = list(smooth(5, 11, 13))
    assert write_video(tmp_path / "x.gif", iter(frames), fps=20) == 5
    for frame, read in zip(frames, read_video(tmp_path / "x.gif"), strict=True):
        np.testing.assert_array_equal(read[:, :, 0], read[:, :, 1])
        assert np.abs(read[:, :, 0] - frame).max() <= 0.501 / 255
    with PIL.Image.open(tmp_path / "x.gif") as other:
        assert (other.n_frames, other.size) == (5, (13, 11))
        assert other.info["duration"] == 50
        assert other.info["loop"] == 0


def test_colour_gif_has_a_palette_for_every_frame(tmp_path):
    frames = list(smooth(5, 24, 32, colour=True))
    write_video(tmp_path / "x.gif", frames, fps=10)
    for frame, read in zip(frames, read_video(tmp_path / "x.gif"), strict=True):
        assert np.abs(read - frame).mean() < 0.03


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_frames_are_consumed_while_writing(tmp_path, suffix):
    """The writer never holds all frames in memory."""
    import weakref

    living = []

    def source():
        for image in smooth(100, 16, 16):
            living.append(weakref.ref(image))
            assert sum(ref() is not None for ref in living) < 40
            yield image

    assert write_video(tmp_path / f"x{suffix}", source(), fps=30) == 100


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit, ValueError])
@pytest.mark.parametrize("after", [0, 3, 50])
def test_an_interrupted_video_leaves_the_old_one(tmp_path, suffix, error, after):
    path = tmp_path / f"x{suffix}"
    path.write_text("old")

    def interrupted():
        yield from smooth(after, 16, 16)
        raise error

    with pytest.raises(error):
        write_video(path, interrupted(), fps=10)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "frames", "fps", "message"),
    [
        ("x.avi", [np.zeros((8, 8))], 10, r"x\.avi: expected a name that ends in \.mp4 or \.gif"),
        ("x.mp4", [], 10, "at least one frame, got none"),
        ("x.mp4", [np.zeros((8, 8))], 0, "fps: expected 0.01 to 1000"),
        ("x.mp4", [np.zeros((8, 8))], float("nan"), "fps: expected 0.01 to 1000"),
        ("x.mp4", [np.zeros((8, 8)), np.zeros((8, 9))], 10, r"frame 1: expected the shape of"),
        ("x.mp4", [np.zeros((8, 8), np.uint8)], 10, "frame 0: expected float intensity"),
        ("x.gif", [np.zeros((8, 8, 2))], 10, r"frame 0: expected the shape \(H, W\) or"),
    ],
)
def test_impossible_videos_are_refused_and_leave_nothing(tmp_path, name, frames, fps, message):
    with pytest.raises(FormatError, match=message):
        write_video(tmp_path / name, frames, fps=fps)
    assert not list(tmp_path.iterdir())


def test_damaged_videos_raise_one_line(tmp_path):
    write_video(tmp_path / "x.mp4", smooth(30, 64, 64), fps=10)
    data = (tmp_path / "x.mp4").read_bytes()
    for contents in (b"", b"garbage" * 100, data[: len(data) // 2], data[:100]):
        (tmp_path / "y.mp4").write_bytes(contents)
        for use in (probe_video, lambda path: list(read_video(path))):
            with pytest.raises(FormatError, match=r"y\.mp4: ") as error:
                use(tmp_path / "y.mp4")
            assert "\n" not in str(error.value)


def test_a_missing_video_raises_before_iteration(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected a video"):
        read_video(tmp_path / "x.mp4")


def test_reading_can_stop_early(tmp_path):
    write_video(tmp_path / "x.mp4", smooth(20, 16, 16), fps=10)
    frames = read_video(tmp_path / "x.mp4")
    assert len(list(itertools.islice(frames, 3))) == 3
    frames.close()
