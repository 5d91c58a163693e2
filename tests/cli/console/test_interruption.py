"""Ctrl-C while modules are imported."""

import importlib
import signal
import time

import pytest

from spikejax.cli.console import interruption


@pytest.fixture
def listening(monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(interruption, "_asked", False)
    interruption.listen()
    yield
    signal.signal(signal.SIGINT, before)


def wait():
    for _ in range(500):
        time.sleep(0.01)


def test_an_import_is_ended_before_it_is_heard(listening, tmp_path, monkeypatch):
    (tmp_path / "interrupted_module.py").write_text(
        "import signal, time\nsignal.raise_signal(signal.SIGINT)\ntime.sleep(0.1)\nended = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("interrupted_module")
    assert module.ended
    assert interruption.was_asked()
    with pytest.raises(KeyboardInterrupt):
        wait()


def test_it_is_heard_at_once_elsewhere(listening):
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
