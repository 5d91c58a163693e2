import argparse
import collections
import os
import struct
import time
import zipfile

import ml_dtypes
import numpy as np
import pytest
from torch_files import STORED, archive, program, refused, write

from spikejax.weights import WeightsError, read_torch

DTYPES = ["f4", "f8", "f2", ml_dtypes.bfloat16, "i8", "i4", "i2", "i1", "u1", "?"]


def values(rng, dtype, shape=(3, 4)):
    return (rng.normal(0, 50, shape)).astype(np.uint8 if dtype == "u1" else dtype)


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
@pytest.mark.parametrize("byteorder", [None, "little", "big"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_values_come_out_in_their_dtype(checkpoint, rng, dtype, byteorder):
    array = values(rng, dtype)
    read = read_torch(checkpoint({"a": array}, byteorder=byteorder))["a"]
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize("kind", ["zip", "legacy"])
def test_strides_offsets_and_shared_storages(tmp_path, formats, rng, kind):
    base = rng.normal(size=24).astype(np.float32)
    state = {
        "plain": formats.Stored(base, (4, 6)),
        "transposed": formats.Stored(base, (6, 4), (1, 6)),
        "column": formats.Stored(base, (4,), (6,), 5),
        "channels_last": formats.Stored(base, (2, 3, 2, 2), (12, 1, 6, 3)),
        "scalar": formats.Stored(base, (), (), 7),
        "empty": formats.Stored(base, (0, 3)),
        "parameter": formats.Stored(base, (2, 12), parameter=True),
    }
    make = formats.legacy if kind == "legacy" else (lambda s: formats.zipped(*formats.pickled(s)))
    read = read_torch(write(tmp_path, make(state)))
    np.testing.assert_array_equal(read["plain"], base.reshape(4, 6))
    np.testing.assert_array_equal(read["transposed"], base.reshape(4, 6).T)
    np.testing.assert_array_equal(read["column"], base.reshape(4, 6)[:, 5])
    expected = base.reshape(2, 2, 2, 3).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(read["channels_last"], expected)
    assert read["scalar"] == base[7]
    assert read["empty"].shape == (0, 3)
    np.testing.assert_array_equal(read["parameter"], base.reshape(2, 12))


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model", "net", "network", None])
def test_the_state_dict_may_stand_under_a_usual_key(checkpoint, key):
    state = collections.OrderedDict(a=np.ones(2, np.float32))
    path = checkpoint({key: state, "epoch": 3} if key else state)
    assert list(read_torch(path)) == ["a"]


def test_a_training_checkpoint_is_read_without_its_other_contents(checkpoint):
    weight = np.ones((2, 3), np.float32)
    path = checkpoint(
        {
            "epoch": 7,
            "best": np.float64(38.79),
            "options": argparse.Namespace(rate=1e-4, names=["a"]),
            "schedule": {"milestones": collections.Counter([50, 100]), "last": 3},
            "optimizer": {"state": {0: {"step": 4, "mean": weight}}, "groups": [{"lr": 1e-4}]},
            "state_dict": collections.OrderedDict(weight=weight),
        }
    )
    read = read_torch(path)
    assert list(read) == ["weight"]
    np.testing.assert_array_equal(read["weight"], weight)


@pytest.mark.parametrize("kind", [tuple, list])
def test_tensors_in_a_row_are_numbered(checkpoint, rng, kind):
    first, second = rng.normal(size=3), rng.normal(size=(2, 3)).astype(np.float32)
    read = read_torch(checkpoint(kind([first, second])))
    assert list(read) == ["0", "1"]
    np.testing.assert_array_equal(read["0"], first)
    np.testing.assert_array_equal(read["1"], second)


@pytest.mark.parametrize("content", [{}, {"epoch": 1, "args": {"x": 1}}, [1, 2], 3, {4: 5}])
def test_a_file_without_a_state_dict_says_what_it_has(tmp_path, formats, content):
    data = formats.zipped(*formats.pickled(content))
    refused(tmp_path, data, "holds no state dict|expected a state dict")


def test_an_entry_that_is_no_tensor_is_named(tmp_path, formats):
    data = formats.zipped(*formats.pickled({"a": np.ones(2, np.float32), "epoch": 3}))
    refused(tmp_path, data, "entry 'epoch' is not a tensor")


class Command:
    def __reduce__(self):
        return os.system, ("exit 1",)


def test_a_file_that_would_run_a_command_is_refused(tmp_path, formats):
    data = formats.zipped(*formats.pickled({"a": np.ones(2, np.float32), "b": Command()}))
    refused(tmp_path, data, r"names 'posix\.system'")


# Invalid descriptions of tensors, in the opcodes of protocol 2.


def test_the_program_below_is_sound(tmp_path, formats):
    path = write(tmp_path, formats.zipped(program(), STORED))
    np.testing.assert_array_equal(read_torch(path)["a"], STORED["0"])


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"size": 2**40}, "'0' takes 16 bytes, expected 4398046511104"),
        ({"size": 2**90}, "not a count"),
        ({"size": -4}, "not a count"),
        ({"size": 5}, "takes 16 bytes, expected 20"),
        ({"storage": "DoubleStorage"}, "takes 16 bytes, expected 32"),
        ({"storage": "UntypedStorage"}, r"names 'torch\.UntypedStorage'"),
        ({"key": "7"}, "storage '7' is not in the archive"),
        ({"key": "../version"}, "storage '../version' is not in the archive"),
        ({"key": "/etc/passwd"}, "storage '/etc/passwd' is not in the archive"),
        ({"shape": (5,)}, "does not fit"),
        ({"offset": 1}, "does not fit"),
        ({"offset": -1}, "not a count"),
        ({"strides": (2,)}, "does not fit"),
        ({"strides": (-1,)}, "not a count"),
        ({"strides": (1, 1)}, "1 dimensions and 2 strides"),
        ({"shape": (2**20, 2**20), "strides": (0, 0)}, "does not fit"),
        ({"shape": (2**40,), "strides": (0,)}, "does not fit"),
        ({"shape": (2**40, 2**40, 0), "strides": (1, 1, 1)}, "impossible shape"),
        ({"shape": (1,) * 9, "strides": (1,) * 9}, "9 dimensions"),
    ],
    ids=str,
)
def test_a_tensor_that_does_not_fit_its_storage_is_refused(tmp_path, formats, fault, message):
    refused(tmp_path, formats.zipped(program(**fault), STORED), message)


def test_a_storage_of_two_lengths_is_refused(tmp_path, formats):
    base, longer = np.arange(4, dtype=np.float32), np.arange(2, dtype=np.float64)
    state = {"a": formats.Stored(base), "b": formats.Stored(longer)}
    body, storages = formats.pickled(state)
    body = body.replace(b"X\x01\x00\x00\x001", b"X\x01\x00\x00\x000")  # both refer to '0'
    read = read_torch(write(tmp_path, formats.zipped(body, storages)))
    assert read["b"].nbytes == 16  # the same bytes under another dtype: odd, and harmless
    short = {**storages, "0": base[:2]}
    refused(tmp_path, formats.zipped(body, short), "takes 8 bytes, expected 16")


# Archives.


@pytest.mark.parametrize(
    "names",
    [
        ["data.pkl"],
        ["../../data.pkl"],
        ["a/b/data.pkl"],
        ["a/data.pkl", "b/data.pkl"],
        ["weights.npy"],
        ["a\\data.pkl"],
    ],
)
def test_an_archive_without_its_one_pickle_is_refused(tmp_path, names):
    refused(tmp_path, archive([(n, program()) for n in names]), "without PREFIX/data.pkl")


def test_names_that_climb_out_of_the_archive_are_only_names(tmp_path, formats):
    more = {"../../climbed": b"x", "/climbed": b"x", "model/data/../../climbed": b"x"}
    path = write(tmp_path, formats.zipped(program(), STORED, more=more))
    read_torch(path)
    assert [p.name for p in tmp_path.rglob("*")] == ["model.pth"]
    assert not (tmp_path.parent / "climbed").exists()


def test_a_compressed_bomb_is_refused_before_it_is_opened(tmp_path):
    zeros = bytes(1 << 24)
    data = archive([("m/data.pkl", zeros), ("m/data/0", zeros)], compression=zipfile.ZIP_DEFLATED)
    assert len(data) < 1 << 16
    refused(tmp_path, data, r"'m/data\.pkl' is compressed")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused(tmp_path):
    data = archive([("m/data.pkl", program()), ("m/data/0", b"1" * 16), ("m/data/0", b"2" * 16)])
    refused(tmp_path, data, "the same name")


def test_entries_that_share_their_bytes_are_refused(tmp_path, formats):
    """Builds an archive whose central directory lists one entry many times, like a quine."""
    base = np.zeros(1 << 12, np.float32)
    data = formats.zipped(program(size=1 << 12, shape=(1 << 12,)), {"0": base})
    end = data.index(b"PK\x05\x06")
    count, size, start = struct.unpack("<HII", data[end + 10 : end + 20])
    directory = data[start : start + size]
    record = directory[directory.index(b"PK\x01\x02", 4) :]
    record = record[record.rindex(b"PK\x01\x02") :]
    assert b"data/0" in record
    many = directory + b"".join(record.replace(b"data/0", b"data/%c" % (65 + i)) for i in range(20))
    tail = struct.pack("<HHII", count + 20, count + 20, len(many), start)
    forged = data[:start] + many + data[end : end + 8] + tail + b"\0\0"
    refused(tmp_path, forged, "entries overlap")


def test_an_encrypted_entry_is_refused(tmp_path, formats):
    data = bytearray(formats.zipped(program(), STORED))
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + flags] |= 1
    refused(tmp_path, bytes(data), "encrypted")


def test_an_unknown_byte_order_is_refused(tmp_path, formats):
    refused(tmp_path, formats.zipped(program(), STORED, byteorder="middle"), "'middle'")


def test_a_torchscript_program_is_named(tmp_path, formats):
    data = formats.zipped(program(), STORED, more={"model/constants.pkl": b""})
    refused(tmp_path, data, "TorchScript")


def test_a_damaged_value_is_noticed(tmp_path, formats):
    data = bytearray(formats.zipped(program(), STORED))
    data[data.index(STORED["0"].tobytes()) + 3] ^= 1
    refused(tmp_path, bytes(data), "damaged zip archive.*CRC")


def test_other_files_are_named_for_what_they_are_not(tmp_path):
    refused(tmp_path, b"", "not a file of torch.save")
    refused(tmp_path, b"\x89HDF\r\n\x1a\n" + bytes(100), "not a file of torch.save")
    with pytest.raises(WeightsError, match=r"nowhere.*No such file"):
        read_torch(tmp_path / "nowhere.pth")
    with pytest.raises(WeightsError, match="directory"):
        read_torch(tmp_path)


def test_a_directory_that_claims_to_be_huge_is_refused_at_once(tmp_path, formats):
    data = bytearray(formats.zipped(program(), STORED))
    end = data.index(b"PK\x05\x06")
    data[end + 8 : end + 20] = b"\xff" * 8 + b"\x00\x00\x00\x00"
    start = time.monotonic()
    refused(tmp_path, bytes(data), "damaged zip archive")
    assert time.monotonic() - start < 1


@pytest.mark.torch
@pytest.mark.parametrize("new", [True, False])
def test_files_of_pytorch_itself(tmp_path, new):
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    model[0].to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    state = model.state_dict()
    state["half"], state["brain"] = torch.randn(5).half(), torch.randn(5).bfloat16()
    state["part"] = torch.randn(4, 6)[1:, ::2].t()
    value = {"state_dict": state, "optimizer": optimizer.state_dict(), "best": np.float64(3)}
    path = tmp_path / "model.pth"
    torch.save(value, path, _use_new_zipfile_serialization=new)
    read = read_torch(path)
    assert list(read) == list(state)
    for name, tensor in state.items():
        np.testing.assert_array_equal(read[name].astype(np.float64), tensor.double().numpy())
