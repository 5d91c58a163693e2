import struct
import zlib

import numpy as np
import pytest

from spikejax.formats import FormatError, read_image, write_image


@pytest.fixture(params=[(21, 34), (21, 34, 3), (1, 1), (1, 2, 3)], ids=str)
def image(request, rng):
    return rng.random(request.param, dtype=np.float32)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(pixels, bits, colour):
    """Encodes a PNG by its specification: no filter, one chunk of data."""
    height, width = pixels.shape[:2]
    ihdr = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    rows = pixels.astype(">u2" if bits == 16 else "u1").reshape(height, -1)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", ihdr) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("bits", [8, 16])
def test_png_round_trip_is_within_half_a_level(tmp_path, image, bits):
    write_image(tmp_path / "x.png", image, bits=bits)
    got = read_image(tmp_path / "x.png")
    assert (got.shape, got.dtype) == (image.shape, np.float32)
    assert np.abs(got - image).max() <= 0.5001 / (2**bits - 1)
    write_image(tmp_path / "y.png", got, bits=bits)
    np.testing.assert_array_equal(read_image(tmp_path / "y.png"), got)


def unfiltered(data):
    """Decodes a PNG by its specification (filters 0 to 4), independent of libraries."""
    position, body, header = 8, b"", None
    while position < len(data):
        (length,) = struct.unpack(">I", data[position : position + 4])
        kind = data[position + 4 : position + 8]
        content = data[position + 8 : position + 8 + length]
        assert struct.unpack(">I", data[position + 8 + length :][:4])[0] == zlib.crc32(
            kind + content
        )
        header = struct.unpack(">IIBBBBB", content) if kind == b"IHDR" else header
        body += content if kind == b"IDAT" else b""
        position += 12 + length
    width, height, bits, colour, *_ = header
    channels = {0: 1, 2: 3}[colour]
    step, size = channels * bits // 8, width * channels * bits // 8
    raw, above, rows = zlib.decompress(body), bytearray(size), []
    for y in range(height):
        kind, row = raw[y * (size + 1)], bytearray(raw[y * (size + 1) + 1 : (y + 1) * (size + 1)])
        for i in range(size):
            a, b = row[i - step] if i >= step else 0, above[i]
            c = above[i - step] if i >= step else 0
            paeth = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
            row[i] = (row[i] + (0, a, b, (a + b) // 2, paeth)[kind]) & 255
        rows.append(row)
        above = row
    pixels = np.frombuffer(b"".join(rows), ">u2" if bits == 16 else "u1")
    return bits, pixels.reshape((height, width, channels) if channels == 3 else (height, width))


@pytest.mark.parametrize("bits", [8, 16])
def test_png_files_have_the_requested_bits(tmp_path, image, bits):
    write_image(tmp_path / "x.png", image, bits=bits)
    stored_bits, pixels = unfiltered((tmp_path / "x.png").read_bytes())
    assert stored_bits == bits
    np.testing.assert_array_equal(pixels, np.rint(image.astype(np.float64) * (2**bits - 1)))


def test_16_bit_grey_png_is_16_bit_to_another_library(tmp_path):
    import PIL.Image

    levels = np.arange(65536).reshape(256, 256)
    write_image(tmp_path / "x.png", np.float32(levels / 65535), bits=16)
    with PIL.Image.open(tmp_path / "x.png") as other:
        np.testing.assert_array_equal(np.asarray(other), levels)


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
@pytest.mark.parametrize("bits", [8, 16])
def test_every_colour_type_reads_exactly_without_its_alpha(tmp_path, rng, bits, colour, channels):
    pixels = rng.integers(0, 1 << bits, (7, 9, channels))
    (tmp_path / "x.png").write_bytes(png(pixels, bits, colour))
    got = read_image(tmp_path / "x.png") * (2**bits - 1)
    expected = pixels[:, :, :3] if channels > 2 else pixels[:, :, 0]
    np.testing.assert_array_equal(np.rint(got), expected)


def test_jpeg_round_trip(tmp_path):
    y, x = np.mgrid[:32, :48] / np.float32(48)
    for image in (x, np.stack([x, y, 1 - x], -1)):
        write_image(tmp_path / "x.jpg", image)
        got = read_image(tmp_path / "x.jpg")
        assert got.shape == image.shape
        assert np.abs(got - image).mean() < 0.01


def test_exif_rotation_is_applied(tmp_path, rng):
    import PIL.Image

    pixels = rng.integers(0, 256, (8, 16), dtype=np.uint8)
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # the camera was held at 90 degrees
    PIL.Image.fromarray(pixels).save(tmp_path / "x.png", exif=exif)
    got = read_image(tmp_path / "x.png")
    np.testing.assert_array_equal(np.rint(got * 255), np.rot90(pixels, -1))


def test_other_pillow_modes(tmp_path, rng):
    import PIL.Image

    rgb = PIL.Image.fromarray(rng.integers(0, 256, (8, 16, 3), dtype=np.uint8))
    rgb.convert("P").save(tmp_path / "p.png")
    rgb.convert("1").save(tmp_path / "1.png")
    rgb.convert("CMYK").save(tmp_path / "c.jpg")
    assert read_image(tmp_path / "p.png").shape == (8, 16, 3)
    assert set(np.unique(read_image(tmp_path / "1.png"))) == {0, 1}
    assert read_image(tmp_path / "c.jpg").shape == (8, 16, 3)
    rgb.convert("F").save(tmp_path / "f.tiff")
    with pytest.raises(FormatError, match="mode F has no known range"):
        read_image(tmp_path / "f.tiff")


def test_intensity_is_stored_without_encoding(tmp_path):
    image = np.float32([[0.1, 0.2], [0.3, 0.4]])
    write_image(tmp_path / "x.png", image, bits=16)
    np.testing.assert_allclose(read_image(tmp_path / "x.png"), image, atol=1e-5)


def test_values_outside_are_clipped(tmp_path):
    write_image(tmp_path / "x.png", np.float32([[-1, 0.5, 7, np.nan]]))
    np.testing.assert_allclose(read_image(tmp_path / "x.png")[0], [0, 128 / 255, 1, 0])


HOSTILE = {
    "empty": b"",
    "garbage": b"garbage",
    "signature only": b"\x89PNG\r\n\x1a\n",
    "header only": png(np.zeros((2, 2)), 16, 0)[:40],
    "truncated 8": png(np.arange(600).reshape(20, 30) % 251, 8, 0)[:80],
    "truncated 16": png(np.arange(600).reshape(20, 30), 16, 0)[:80],
    "huge 8": png(np.zeros((1, 1)), 8, 0).replace(bytes([0, 0, 0, 1]) * 2, b"\x7f\xff\xff\xff" * 2),
    "huge 16": png(np.zeros((1, 1)), 16, 2).replace(
        bytes([0, 0, 0, 1]) * 2, b"\x7f\xff\xff\xff" * 2
    ),
    "bomb 16": png(np.zeros((1, 1)), 16, 2).replace(bytes([0, 0, 0, 1]) * 2, b"\0\0\xff\xff" * 2),
    "no pixels 16": png(np.zeros((1, 1)), 16, 2).replace(bytes([0, 0, 0, 1]) * 2, bytes(8)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_damaged_images_raise_one_line(tmp_path, name):
    (tmp_path / "x.png").write_bytes(HOSTILE[name])
    with pytest.raises(FormatError, match=r"x\.png: not a readable image") as error:
        read_image(tmp_path / "x.png")
    assert "\n" not in str(error.value)


def test_missing_images_and_directories(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"x\.png: no such file; expected an image"):
        read_image(tmp_path / "x.png")
    with pytest.raises(IsADirectoryError):
        read_image(tmp_path)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("x.bmp", {}, r"x\.bmp: expected a name that ends in \.png, \.jpg"),
        ("x.png", {"bits": 12}, "expected 8 bits, or 16 for .png, got 12"),
        ("x.jpg", {"bits": 16}, "expected 8 bits, or 16 for .png, got 16"),
    ],
)
def test_impossible_images_are_refused_and_leave_nothing(tmp_path, name, options, message):
    with pytest.raises(FormatError, match=message):
        write_image(tmp_path / name, np.zeros((2, 2)), **options)
    with pytest.raises(FormatError, match="expected float intensity"):
        write_image(tmp_path / "x.png", np.zeros((2, 2), np.uint8))
    assert not list(tmp_path.iterdir())
