import jax
import pytest

from spikejax.training import join_processes


@pytest.fixture
def joined(monkeypatch):
    """What `jax.distributed.initialize` was called with."""
    calls = []
    monkeypatch.setattr(jax.distributed, "initialize", lambda *given: calls.append(given))
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
    ("given", "message"),
    [
        ((None, 2, 0), "expected the coordinator, HOST:PORT, as well"),
        (("host:1", 2, 2), "process: expected a number of 0 to 1, got 2"),
        (("host:1", None, 0), "processes: expected a number, as a flag or in SPIKEJAX_PROCESSES"),
    ],
)
def test_what_is_missing_or_makes_no_sense_is_named(joined, given, message):
    with pytest.raises(ValueError, match=message):
        join_processes(*given)
    assert joined == []
