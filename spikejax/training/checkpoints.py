"""Checkpoints of state, input position and configuration, written asynchronously."""

import json
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
from jax import lax
from jax.experimental import multihost_utils

from spikejax import tasks

FREE = (
    "accumulate",
    "checkpoint",
    "data.folder",
    "data.workers",
    "failures",
    "init_from",
    "log",
    "parallel",
    "steps",
    "validation",
)
"""Parts of the configuration that may change when a run resumes."""

_BEST, _STATE, _FACTS = "best", "state", "facts"


class CheckpointError(ValueError):
    """A run cannot resume from the checkpoints in its folder."""


class Checkpoints:
    """The checkpoints of a run: the newest few and the best.

    Each is written under a temporary name while training continues, and renamed when it is
    complete. Each holds a fingerprint of its numbers, which detects damage.
    """

    def __init__(self, folder: str | Path, *, keep: int = 2, read_only: bool = False) -> None:
        """Opens the folder of the checkpoints.

        Args:
            folder: folder of the checkpoints.
            keep: number of newest checkpoints to keep.
            read_only: if true, nothing in the folder changes.
        """
        policies = ocp.checkpoint_managers

        def score(metrics: Mapping[str, float]) -> float:
            return metrics[_BEST]

        latest = policies.LatestN(keep)
        best = policies.BestN(get_metric_fn=score, n=1, keep_checkpoints_without_metrics=False)
        options = ocp.CheckpointManagerOptions(
            best_fn=score,  # without it the scores are not stored
            preservation_policy=policies.AnyPreservationPolicy([latest, best]),
            cleanup_tmp_directories=not read_only,
            create=not read_only,
            read_only=read_only,
        )
        self.folder, self._read_only = Path(folder).absolute(), read_only
        self._manager = ocp.CheckpointManager(self.folder, options=options)

    def save(
        self,
        step: int,
        state: Any,
        *,
        config: Mapping[str, Any],
        position: Mapping[str, Any],
        best: float | None = None,
    ) -> None:
        """Writes a state in the background.

        Args:
            step: number of the step, above those saved so far.
            state: arrays, the same on all processes; nothing may overwrite or donate them.
            config: configuration of the run, plain JSON values.
            position: position of this process in its input, plain JSON values.
            best: validation score of the state, higher is better; None if there is none.
        """
        facts = {
            "config": dict(config),
            "positions": _gather(position),
            "fingerprint": np.asarray(fingerprint(state)).tolist(),
        }
        arguments = {_STATE: ocp.args.StandardSave(state), _FACTS: ocp.args.JsonSave(facts)}
        scored = best is not None and np.isfinite(best)
        self._manager.save(
            step,
            args=ocp.args.Composite(**arguments),
            metrics={_BEST: float(best)} if best is not None and scored else None,
            force=True,
        )

    def restore(
        self, abstract: Any, *, config: Mapping[str, Any] | None = None, step: int | None = None
    ) -> tuple[int, Any, dict[str, Any]] | None:
        """Reads the newest checkpoint that is not damaged.

        Args:
            abstract: shapes, dtypes and shardings of the state.
            config: configuration of the run; None accepts any.
            step: the only step to read; None for the newest.

        Returns:
            The step, the state, and the position of this process in its input; None if there is no
            checkpoint, or if the checkpoint of `step` is damaged.

        Raises:
            CheckpointError: if the configuration does not fit, or if all checkpoints are damaged
                and `step` is None.
        """
        steps = sorted(self._manager.all_steps() if step is None else [step], reverse=True)
        for number in steps:
            try:
                facts = self.facts(number)
                if config is not None:
                    _compare(facts["config"], config, self.folder)
                state = self._read(number, abstract, facts["fingerprint"])
            except CheckpointError:
                raise
            except Exception as error:  # the libraries raise many kinds over damaged files
                reason = str(error).strip().partition("\n")[0] or type(error).__name__
                warnings.warn(
                    f"{self.folder / str(number)}: the checkpoint is damaged ({reason[:200]}); "
                    "using the one before it",
                    stacklevel=2,
                )
                continue
            self._put_aside([damaged for damaged in steps if damaged > number])
            return number, state, _own(facts["positions"], self.folder)
        if steps and step is None:
            raise CheckpointError(f"{self.folder}: all checkpoints are damaged: steps {steps}")
        return None

    def _read(self, step: int, abstract: Any, expected: list[int]) -> Any:
        arguments = ocp.args.Composite(**{_STATE: ocp.args.StandardRestore(abstract)})
        state = self._manager.restore(step, args=arguments)[_STATE]
        if np.asarray(fingerprint(state)).tolist() != expected:
            raise ValueError("its numbers differ from those that were saved")
        return state

    def _put_aside(self, steps: list[int]) -> None:
        """Moves damaged checkpoints away, since the run will save their steps again."""
        if not steps or self._read_only:
            return
        if jax.process_index() == 0:
            for step in steps:
                aside = self.folder.with_name(f"{self.folder.name}-damaged") / str(step)
                aside.parent.mkdir(exist_ok=True)
                shutil.rmtree(aside, ignore_errors=True)
                (self.folder / str(step)).rename(aside)
        if jax.process_count() > 1:
            multihost_utils.sync_global_devices("damaged checkpoints")
        self._manager.reload()

    def facts(self, step: int) -> dict[str, Any]:
        """Reads the configuration, the positions and the fingerprint of a checkpoint."""
        args = ocp.args.Composite(**{_FACTS: ocp.args.JsonRestore()})
        return self._manager.restore(step, args=args)[_FACTS]

    def best(self) -> tuple[int, float] | None:
        """Returns the step and the score of the best checkpoint; None if none has a score."""
        scores = {
            step: metrics[_BEST]
            for step in self._manager.all_steps()
            if (metrics := self._manager.metrics(step))
        }
        if not scores:
            return None
        step = max(scores, key=lambda s: (scores[s], s))
        return step, scores[step]

    def config(self) -> dict[str, Any]:
        """Reads the configuration of the newest checkpoint whose configuration is readable."""
        for step in sorted(self._manager.all_steps(), reverse=True):
            try:
                return self.facts(step)["config"]
            except Exception:
                continue
        raise CheckpointError(f"{self.folder}: there is no undamaged checkpoint")

    def wait(self) -> None:
        """Waits until everything is written."""
        self._manager.wait_until_finished()

    def close(self) -> None:
        """Waits until everything is written, and closes the folder."""
        self._manager.close()


@jax.jit
def fingerprint(tree: Any) -> jax.Array:
    """Hashes the values of each array; any small change of the values changes the hash.

    The bits of each value are mixed with its index by the finaliser of MurmurHash3 (A. Appleby,
    2011) and summed, so that the hash does not depend on how an array is spread over devices.

    Args:
        tree: arrays.

    Returns:
        (arrays,) uint32, one hash per array.
    """

    def one(x: jax.Array) -> jax.Array:
        kind = jnp.dtype(f"uint{8 * x.dtype.itemsize}")
        h = lax.bitcast_convert_type(x, kind).ravel().astype(jnp.uint32)
        h += lax.iota(jnp.uint32, h.size) * jnp.uint32(0x9E3779B9)
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
            h = (h ^ (h >> jnp.uint32(shift))) * jnp.uint32(factor)
        return jnp.sum(h, dtype=jnp.uint32)

    return jnp.stack([one(x) for x in jax.tree.leaves(tree)])


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _compare(saved: Mapping[str, Any], current: Mapping[str, Any], folder: Path) -> None:
    """Raises a CheckpointError that names the fields which differ.

    A field that the saved configuration lacks is newer than the checkpoint. Its default keeps the
    old behaviour, unless `tasks.BEFORE` gives another value.
    """
    theirs, ours = (_flat(tasks.upgrade(config)) for config in (saved, _plain(current)))
    theirs = {name: value for name, value in tasks.BEFORE.items() if name in ours} | theirs
    names = [
        name
        for name in sorted(theirs)
        if not {name, name.partition(".")[0]} & set(FREE) and theirs[name] != ours.get(name)
    ]
    if names:
        listed = ", ".join(f"{k} ({theirs[k]!r} there, {ours.get(k)!r} here)" for k in names)
        raise CheckpointError(
            f"{folder}: the checkpoints have another configuration: {listed}; "
            "use the same values or another --workdir"
        )


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """Converts a configuration to the form in which JSON reads it back: tuples become lists."""
    return json.loads(json.dumps(dict(config)))


def _gather(position: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Collects the positions of all processes."""
    if jax.process_count() == 1:
        return [dict(position)]
    text = np.frombuffer(json.dumps(dict(position)).encode(), np.uint8)
    longest = int(np.max(multihost_utils.process_allgather(np.int32(text.size))))
    padded = np.pad(text, (0, longest - text.size), constant_values=ord(" "))
    rows = multihost_utils.process_allgather(padded)
    return [json.loads(np.asarray(row, np.uint8).tobytes()) for row in rows]


def _own(positions: list[dict[str, Any]], folder: Path) -> dict[str, Any]:
    """Returns the position of this process; any one will do if all are alike."""
    if len(positions) == jax.process_count():
        return positions[jax.process_index()]
    if all(position == positions[0] for position in positions):
        return positions[0]
    raise CheckpointError(
        f"{folder}: saved by {len(positions)} processes with different positions in their input; "
        f"cannot resume with {jax.process_count()}"
    )
