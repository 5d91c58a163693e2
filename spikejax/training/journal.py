"""Progress lines, TensorBoard logs and tables of a run."""

import csv
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from spikejax.formats import replacing, write_image
from spikejax.pictures.display import Display

TRAIN, VALIDATION, PICTURE = "train.csv", "validation.csv", "examples.png"
SCREEN = Display(gamma=2.2)


class Journal:
    """Scalars and pictures of a run, written by the first process only.

    Rows that an interrupted run wrote after its last checkpoint are removed, since the resumed run
    writes them again.
    """

    def __init__(self, workdir: Path, *, steps: int, begin: int, active: bool = True) -> None:
        """Opens the journal.

        Args:
            workdir: folder of the run.
            steps: number of steps of the run.
            begin: step that the run begins at, or resumes from.
            active: whether this process writes.
        """
        self._workdir, self._steps, self._active = workdir, steps, active
        self._rows: list[Mapping[str, float]] = []
        self._since: float | None = None
        self._untimed = 0
        self._waited = 0.0
        if not active:
            return
        from tensorboardX import SummaryWriter

        self._board = SummaryWriter(str(workdir / "tensorboard"), purge_step=begin + 1)
        for name in (TRAIN, VALIDATION):
            _cut(workdir / name, begin)

    def add(self, scalars: Mapping[str, float]) -> None:
        """Adds the scalars of one step."""
        if not self._rows and self._since is None:
            self._since = time.perf_counter()  # the first step compiles, so it is not timed
            self._untimed = 1
        self._rows.append(scalars)

    def progress(self, step: int, *, images: int, waited: float) -> None:
        """Writes the means since the last call, and prints a line of progress.

        Args:
            step: number of steps done.
            images: examples per step.
            waited: seconds spent waiting for batches since the beginning of the run.
        """
        now = time.perf_counter()
        seconds = max(now - (self._since or now), 1e-9)
        rate = (len(self._rows) - self._untimed) / seconds
        # A skipped step counts as a step, but its loss has no meaning.
        sound = [row for row in self._rows if not row["failed"]] or self._rows
        row = {name: float(np.mean([r[name] for r in sound])) for name in sound[0]}
        row |= {name: self._rows[-1][name] for name in ("failed", "skipped", "learning_rate")}
        row["images_per_second"] = images * rate
        row["data_wait"] = min((waited - self._waited) / seconds, 1.0)
        skipped = int(row["skipped"])
        self._rows, self._since, self._untimed, self._waited = [], now, 0, waited
        self._write(TRAIN, step, row)
        separate = ("learning_rate", "images_per_second", "data_wait", "skipped", "failed")
        terms = "  ".join(f"{k} {v:.5f}" for k, v in row.items() if k not in separate)
        left = _clock((self._steps - step) / rate) if rate else "?"
        self.say(
            f"step {step}/{self._steps}  {terms}  {row['images_per_second']:.1f} images/s  "
            f"data {100 * row['data_wait']:.0f}%  {left} left"
            + (f"  {skipped} steps skipped" if skipped else "")
        )

    def validation(
        self, step: int, scores: Mapping[str, float], picture: np.ndarray, *, seconds: float
    ) -> None:
        """Writes the results of a validation.

        Args:
            step: number of steps done before the validation.
            scores: scores by name.
            picture: picture of examples, (H, W, C) linear in [0, 1].
            seconds: duration of the validation, which does not count as training time.
        """
        self._write(VALIDATION, step, dict(scores))
        if self._active:
            displayed = SCREEN(picture)
            self._board.add_image("input, output, target", displayed, step, dataformats="HWC")
            write_image(self._workdir / PICTURE, displayed)
        scored = "  ".join(f"{name} {value:.4f}" for name, value in scores.items())
        self.say(f"step {step}/{self._steps}  validation: {scored}")
        if self._since is not None:
            self._since += seconds

    def say(self, line: str) -> None:
        """Prints a line, from the first process only."""
        if self._active:
            print(line, flush=True)

    def close(self) -> None:
        """Writes what TensorBoard still buffers."""
        if self._active:
            self._board.close()

    def _write(self, name: str, step: int, row: Mapping[str, float]) -> None:
        if not self._active:
            return
        kind = name.removesuffix(".csv")
        for key, value in row.items():
            self._board.add_scalar(f"{kind}/{key}", value, step)
        path = self._workdir / name
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, ["step", *row], extrasaction="ignore")
            if new:
                writer.writeheader()
            writer.writerow({"step": step, **{k: f"{v:.7g}" for k, v in row.items()}})


def read_table(path: Path) -> dict[str, np.ndarray]:
    """Reads the columns of a table that a `Journal` wrote; {} if there is none."""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if None not in row.values()]
    return {name: np.array([float(row[name]) for row in rows]) for name in (rows or [{}])[0]}


def _cut(path: Path, last: int) -> None:
    """Removes the rows after a step, and any incomplete last line."""
    if not path.exists():
        return
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        names = reader.fieldnames or []
        rows = [row for row in reader if None not in row.values() and int(row["step"]) <= last]
    if not rows:
        path.unlink()
        return
    with replacing(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
