"""Handwritten PyTorch files, and a check that a file is refused."""

import io
import struct
import zipfile

import numpy as np
import pytest

from spikejax.weights import WeightsError, read_torch

STORED = {"0": np.arange(4, dtype=np.float32)}


def write(tmp_path, data):
    path = tmp_path / "model.pth"
    path.write_bytes(data)
    return path


def refused(tmp_path, data, message):
    with pytest.raises(WeightsError, match=message) as caught:
        read_torch(write(tmp_path, data))
    assert "\n" not in str(caught.value)
    assert "model.pth" in str(caught.value)


def program(*, storage="FloatStorage", key="0", size=4, offset=0, shape=(4,), strides=(1,)):
    def number(n):
        raw = n.to_bytes(16, "little", signed=True)
        return b"\x8a\x10" + raw if isinstance(n, int) else n

    def text(s):
        return b"X" + struct.pack("<I", len(s)) + s.encode()

    counts = [b"(" + b"".join(map(number, ns)) + b"t" for ns in (shape, strides)]
    reference = b"(" + text("storage") + b"ctorch\n" + storage.encode() + b"\n" + text(key)
    reference += text("cpu") + number(size) + b"tQ"
    arguments = b"(" + reference + number(offset) + b"".join(counts) + b"\x89}t"
    return b"\x80\x02}" + text("a") + b"ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"Rs."


def archive(entries, **options):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as z:
        for name, data in entries:
            z.writestr(name, data)
    return file.getvalue()
