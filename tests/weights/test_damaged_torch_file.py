"""Tests of PyTorch files with damage at any place."""

import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_files import archive, refused, write

from spikejax.weights import WeightsError, read_torch


def samples(formats):
    state = {"module.a": np.arange(6, dtype=np.float32).reshape(2, 3), "module.n": np.array(3)}
    value = {"epoch": 2, "best": np.float64(1), "state_dict": state}
    return formats.zipped(*formats.pickled(value)), formats.legacy(value)


def test_every_truncation_is_an_error(tmp_path, formats):
    for data in samples(formats):
        for end in range(len(data)):
            path = write(tmp_path, data[:end])
            with pytest.raises(WeightsError):
                read_torch(path)


def test_every_flipped_byte_is_an_error_or_harmless(tmp_path, formats):
    for data in samples(formats):
        for position in range(len(data)):
            damaged = bytearray(data)
            damaged[position] ^= 0xFF
            path = write(tmp_path, bytes(damaged))
            try:
                read_torch(path)
            except WeightsError as error:
                assert "\n" not in str(error)


@settings(max_examples=300)
@given(which=st.integers(0, 1), edits=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4))))
def test_random_edits_never_raise_anything_else(tmp_path_factory, formats, which, edits):
    data = samples(formats)[which]
    for place, replacement in edits:
        at = int(place * len(data))
        data = data[:at] + replacement + data[at + len(replacement) :]
    path = write(tmp_path_factory.getbasetemp(), data)
    try:
        read_torch(path)
    except WeightsError as error:
        assert "\n" not in str(error)


def resealed(data):
    """Returns the archive with new checksums that fit its entries."""
    source = zipfile.ZipFile(io.BytesIO(data))
    entries = []
    for info in source.infolist():
        header = struct.unpack("<HH", data[info.header_offset + 26 : info.header_offset + 30])
        start = info.header_offset + 30 + sum(header)
        entries.append((info.filename, data[start : start + info.file_size]))
    return archive(entries)


@settings(max_examples=300)
@given(edits=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4))
def test_random_edits_of_the_pickle_alone_never_raise_anything_else(
    tmp_path_factory, formats, edits
):
    data = bytearray(samples(formats)[0])
    start = data.index(b"\x80\x02")
    for at, byte in edits:
        data[start + at] = byte
    path = write(tmp_path_factory.getbasetemp(), resealed(bytes(data)))
    try:
        read_torch(path)
    except WeightsError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda data: data[:-8], "ends too early"),
        (lambda data: data.replace(struct.pack("<q", 6), struct.pack("<q", 7)), "another length"),
        (lambda data: data.replace(b"M\xe9\x03", b"M\xea\x03", 1), "before 1.6"),
    ],
)
def test_a_faulty_file_of_old_is_refused(tmp_path, formats, make, message):
    refused(tmp_path, make(samples(formats)[1]), message)


def test_checksums_are_those_of_zlib(formats):
    """Checks that the archives of the tests above are valid before they are damaged."""
    data = samples(formats)[0]
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        assert z.testzip() is None
        assert all(zlib.crc32(z.read(info)) == info.CRC for info in z.infolist())
