"""Runs over several processes, on one machine or on many."""

import os

import jax


def join_processes(
    coordinator: str | None = None, count: int | None = None, index: int | None = None
) -> None:
    """Joins the other processes of a run, if there are any.

    Call it before anything else uses JAX.

    Args:
        coordinator: HOST:PORT of the first process; 'auto' to ask the cluster (Slurm, Open MPI,
            Cloud TPU, Kubernetes). None for the environment variable SPIKEJAX_COORDINATOR; without
            it, this process runs alone.
        count: number of processes; None for SPIKEJAX_PROCESSES.
        index: index of this process, from 0; None for SPIKEJAX_PROCESS.

    Raises:
        ValueError: if the numbers are missing or out of range.
    """
    coordinator = coordinator or os.environ.get("SPIKEJAX_COORDINATOR")
    if not coordinator:
        if count is not None or index is not None:
            raise ValueError("coordinator: expected HOST:PORT, since processes are given")
        return
    if coordinator == "auto":
        jax.distributed.initialize()
        return
    count = _number("processes", count, "SPIKEJAX_PROCESSES")
    index = _number("process", index, "SPIKEJAX_PROCESS")
    if not 0 <= index < count:
        raise ValueError(f"process: expected a number from 0 to {count - 1}, got {index}")
    jax.distributed.initialize(coordinator, count, index)


def _number(name: str, value: int | None, variable: str) -> int:
    text = str(value) if value is not None else os.environ.get(variable, "")
    if not text.isdigit():
        raise ValueError(f"{name}: expected a number as a flag or in {variable}, got {text!r}")
    return int(text)
