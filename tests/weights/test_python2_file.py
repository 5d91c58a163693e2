"""Tests of checkpoints written by PyTorch under Python 2, which were common until 2018."""

import pickle
import struct

import numpy as np
import pytest

from spikejax.weights import WeightsError, read_torch


def text(value):
    raw = value.encode()
    if len(raw) < 256:
        return b"U" + bytes([len(raw)]) + raw
    return b"T" + struct.pack("<I", len(raw)) + raw


def tensor(key, array):
    """Returns the opcodes of a tensor before PyTorch 0.4; its length is a long integer."""
    count = array.size.to_bytes(8, "little")
    storage = (
        b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cuda:0")
        + b"\x8a\x08" + count + b"NtQ"
    )  # fmt: skip
    strides = np.array(array.strides) // array.itemsize

    def counts(values):
        return b"(" + b"".join(b"J" + struct.pack("<i", v) for v in values) + b"t"

    return (
        b"ctorch._utils\n_rebuild_tensor\n("
        + storage + b"K\x00" + counts(array.shape) + counts(strides) + b"tR"
    )  # fmt: skip


def ordered(pairs):
    """Returns the opcodes of `OrderedDict([[name, value], ...])`."""
    entries = b"".join(b"](" + text(name) + value + b"e" for name, value in pairs)
    return b"ccollections\nOrderedDict\n](" + entries + b"e\x85R"


def file(state):
    machine = b"}(" + text("protocol_version") + b"M\xe9\x03" + text("little_endian") + b"\x88u"
    metadata = ordered([("", b"}" + text("version") + b"K\x01s")])
    body = ordered((name, tensor(str(i), a)) for i, (name, a) in enumerate(state.items()))
    body += b"}" + text("_metadata") + metadata + b"sb"
    keys = b"](" + b"".join(text(str(i)) for i in range(len(state))) + b"e"
    parts = [pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001)]
    parts += [b"\x80\x02" + part + b"." for part in (machine, body, keys)]
    parts += [struct.pack("<q", a.size) + a.tobytes() for a in state.values()]
    return b"".join(parts)


def test_its_tensors_are_read(tmp_path, rng):
    state = {
        "features.0.weight": rng.normal(size=(4, 3, 2, 2)).astype(np.float32),
        "features.0.bias": rng.normal(size=4).astype(np.float32),
        "x" * 300: np.ones(1, np.float32),
    }
    path = tmp_path / "old.pth"
    path.write_bytes(file(state))
    read = read_torch(path)
    assert list(read) == list(state)
    for name, array in state.items():
        np.testing.assert_array_equal(read[name], array)


@pytest.mark.torch
def test_pytorch_reads_the_same(tmp_path, rng):
    torch = pytest.importorskip("torch")
    state = {"a": rng.normal(size=(4, 3)).astype(np.float32)}
    path = tmp_path / "old.pth"
    path.write_bytes(file(state))
    theirs = torch.load(path, weights_only=True, map_location="cpu")
    np.testing.assert_array_equal(theirs["a"].numpy(), read_torch(path)["a"])


@pytest.mark.parametrize(
    "entries",
    [b"](K\x01e", b"](K\x01K\x02e", b"](" + text("a") + b"K\x01K\x02e", b"((K\x01tK\x02t"],
)
def test_entries_that_are_no_pairs_of_a_name_and_a_value_are_refused(tmp_path, entries):
    data = file({})
    where = data.index(b"ccollections\nOrderedDict\n](") + len(b"ccollections\nOrderedDict\n](")
    path = tmp_path / "old.pth"
    path.write_bytes(data[:where] + entries + data[where:])
    with pytest.raises(WeightsError, match="not pairs of a name and a value"):
        read_torch(path)
