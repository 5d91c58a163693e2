"""Exports that run while one goes on looking: their progress, their files, their end."""

import concurrent.futures
import dataclasses
import itertools
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spikejax.viewer.exporting import Step
from spikejax.viewer.worker import Superseded, Worker

KEPT = 4
"""Exports whose files are kept for the browser to fetch."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # equal contents make equal archives


class GivenUp(Exception):  # noqa: N818 - it is no error
    """The page gave the export up."""


@dataclasses.dataclass(eq=False)
class Job:
    """An export.

    Attributes:
        id: its number.
        name: of the file; that of a folder ends in a slash.
        folder: where its files are.
        done: images that are written.
        total: images in all; 0 if unknown.
        problem: why it failed, in a line.
        file: what the browser gets, when all is written.
    """

    id: int
    name: str
    folder: Path
    done: int = 0
    total: int = 0
    problem: str | None = None
    file: Path | None = None
    given_up: bool = False

    def step(self, done: int, total: int) -> None:
        """Notes the progress; raises `GivenUp` if the page gave the export up."""
        self.done, self.total = done, total
        if self.given_up:
            raise GivenUp

    def to_dict(self) -> dict[str, Any]:
        """Returns what the page is told."""
        return {
            "id": self.id,
            "name": None if self.file is None else self.file.name,
            "done": self.done,
            "total": self.total,
            "problem": self.problem,
            "ready": self.file is not None,
            "bytes": None if self.file is None else self.file.stat().st_size,
        }


class Jobs:
    """The exports of a viewer, one after another, in a temporary folder."""

    def __init__(self) -> None:
        """Makes the folder."""
        self._folder = tempfile.TemporaryDirectory(
            prefix="spikejax-view-", ignore_cleanup_errors=True
        )
        self._worker = Worker("spikejax exports")
        self._numbers = itertools.count(1)
        self._jobs: dict[int, Job] = {}
        self._lock = threading.Lock()

    def start(
        self, name: str, write: Callable[[Path, Step], None], explain: Callable[[Exception], str]
    ) -> Job:
        """Starts an export.

        Args:
            name: of the file; a folder's ends in a slash.
            write: writes it to a path; is given the function that notes the progress.
            explain: describes an error in a line.
        """
        with self._lock:
            number = next(self._numbers)
            job = Job(number, name, Path(self._folder.name) / str(number))
            self._jobs[number] = job
            old = list(self._jobs)[:-KEPT]
            dropped = [self._jobs.pop(each) for each in old]
        for each in dropped:
            each.given_up = True
            shutil.rmtree(each.folder, ignore_errors=True)

        def run() -> None:
            try:
                job.folder.mkdir()
                path = job.folder / name.rstrip("/")
                if name.endswith("/"):
                    path.mkdir()
                write(path, job.step)
                job.file = _one_file(path)
            except GivenUp:
                job.problem = "given up"
            except Exception as error:
                job.problem = explain(error)

        def dropped_before(future: "concurrent.futures.Future[Any]") -> None:
            if isinstance(future.exception(), Superseded):
                job.problem = "given up"

        self._worker.submit(number, run).add_done_callback(dropped_before)
        return job

    def find(self, number: int) -> Job:
        """Returns an export.

        Raises:
            ValueError: if there is none, or it is too old.
        """
        with self._lock:
            if number not in self._jobs:
                raise ValueError(f"there is no export {number} any more")
            return self._jobs[number]

    def close(self) -> None:
        """Gives all exports up and removes their files."""
        with self._lock:
            for job in self._jobs.values():
                job.given_up = True
        self._worker.close()
        self._folder.cleanup()


def _one_file(path: Path) -> Path:
    """Returns the file of an export: itself, or an archive of a folder or of two files."""
    if path.is_dir():
        files = sorted(path.iterdir())
        inside = path.name + "/"
    else:
        files = sorted(path.parent.iterdir())
        inside = ""
    if len(files) == 1 and not inside:
        return path
    archive = path.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for file in files:
            with (
                target.open(
                    zipfile.ZipInfo(inside + file.name, _EPOCH), "w", force_zip64=True
                ) as out,
                file.open("rb") as source,
            ):
                shutil.copyfileobj(source, out, 1 << 20)
    return archive
