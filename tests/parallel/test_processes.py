import jax
import pytest

from spikejax.training import join_processes


@pytest.fixture
def joined(monkeypatch):
    """Collects the arguments of the calls of `jax.distributed.initialize`."""
    calls = []
    monkeypatch.setattr(jax.distributed, "initialize", lambda *arguments: calls.append(arguments))
    for name in ("COORDINATOR", "PROCESSES", "PROCESS"):
        monkeypatch.delenv(f"SPIKEJAX_{name}", raising=False)
    return calls


def test_a_process_without_a_coordinator_stays_alone(joined):
    join_processes()
    assert joined == []


def test_flags_and_environment_say_the_same(joined, monkeypatch):
    join_processes("host:1", 4, 3)
    monkeypatch.setenv("SPIKEJAX_COORDINATOR", "host:1")
    monkeypatch.setenv("SPIKEJAX_PROCESSES", "4")
    monkeypatch.setenv("SPIKEJAX_PROCESS", "3")
    join_processes()
    assert joined == [("host:1", 4, 3)] * 2


def test_clusters_are_asked_on_request(joined):
    join_processes("auto")
    assert joined == [()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None, 2, 0), "coordinator: expected HOST:PORT, since processes are given"),
        (("host:1", 2, 2), "process: expected a number from 0 to 1, got 2"),
        (("host:1", None, 0), "processes: expected a number as a flag or in SPIKEJAX_PROCESSES"),
    ],
)
def test_a_missing_or_invalid_value_is_named(joined, arguments, message):
    with pytest.raises(ValueError, match=message):
        join_processes(*arguments)
    assert joined == []
