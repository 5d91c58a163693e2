"""Frames from videos and from folders of images."""

import numpy as np
import pytest

from spikejax.formats import FormatError, write_image, write_video
from spikejax.formats.footage import open_footage


def images(folder, names, shape=(6, 8)):
    for i, name in enumerate(names):
        write_image(folder / name, np.full(shape, i / 20))


def test_a_folder_is_read_in_the_order_of_its_numbers(tmp_path):
    images(tmp_path, ["f0.png", "f1.png", "f2.png", "f10.png"])
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / ".hidden.png").write_text("no image")
    footage = open_footage(tmp_path)
    assert (footage.frames, footage.height, footage.width) == (4, 6, 8)
    assert footage.name == tmp_path.name
    for _ in range(2):  # iteration can be repeated
        levels = [float(frame[0, 0, 2]) for frame in footage]
        np.testing.assert_allclose(levels, np.arange(4) / 20, atol=1e-2)


def test_a_video_has_a_number_of_frames(tmp_path):
    frames = [np.full((16, 20), level) for level in (0.2, 0.5, 0.8)]
    write_video(tmp_path / "a.mp4", frames, fps=30)
    footage = open_footage(tmp_path / "a.mp4")
    assert (footage.name, footage.frames, footage.height, footage.width) == ("a", 3, 16, 20)
    assert [f.shape for f in footage] == [(16, 20, 3)] * 3


def test_an_image_of_another_size_is_named(tmp_path):
    images(tmp_path, ["0.png", "1.png"])
    images(tmp_path, ["2.png"], (6, 9))
    with pytest.raises(FormatError, match=r"2\.png: 6x9 pixels, but the first frame has 6x8"):
        list(open_footage(tmp_path))


def test_a_video_that_ends_early_is_truncated(tmp_path):
    import av

    frames = [np.random.default_rng(i).random((64, 64)) for i in range(40)]
    write_video(tmp_path / "a.mp4", frames, fps=30)
    with av.open(tmp_path / "a.mp4") as source, av.open(tmp_path / "a.mkv", "w") as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    assert len(list(open_footage(tmp_path / "a.mkv"))) == 40
    whole = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match=r"cut\.mkv: (ends after|damaged)"):
        list(open_footage(tmp_path / "cut.mkv"))


def test_other_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nope\.mp4: no such file"):
        open_footage(tmp_path / "nope.mp4")
    with pytest.raises(FormatError, match="holds no images"):
        open_footage(tmp_path)
    (tmp_path / "text.mp4").write_text("hello")
    with pytest.raises(FormatError, match=r"text\.mp4: not a readable video"):
        open_footage(tmp_path / "text.mp4")
