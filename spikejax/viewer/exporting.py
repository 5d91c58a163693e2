"""Files of what the page shows, by the functions that the commands call."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spikejax import inference
from spikejax.formats import Recording, excerpt, write_dat, write_image, write_video
from spikejax.pictures import coloured
from spikejax.viewer.look import Look, Tone, number, whole

MAX_IMAGES = 5000

Step = Callable[[int, int], None]
"""Takes the number of images that are done, and of all; raises if the export was given up."""


@dataclasses.dataclass(frozen=True)
class Export:
    """What is written.

    Attributes:
        kind: 'png', 'mp4', 'gif', 'folder' or 'dat'.
        look: how images are made; its centre is that of 'png'.
        tone: how they are shown.
        bits: of a PNG.
        fps: frames per second of a video.
        start: the first readout of a range.
        stop: the readout after the last.
        stride: readouts from one image to the next.
        rows: the rows of a 'dat'; None for all.
        columns: the columns of a 'dat'; None for all.
    """

    kind: str
    look: Look
    tone: Tone
    bits: int = 8
    fps: float = 25.0
    start: int = 0
    stop: int = 0
    stride: int = 20
    rows: tuple[int, int] | None = None
    columns: tuple[int, int] | None = None

    @classmethod
    def parse(cls, values: Mapping[str, Any], recording: Recording) -> "Export":
        """Reads the fields of a JSON object.

        Raises:
            ValueError: if one is missing or out of range.
        """
        kind = str(values.get("kind"))
        if kind not in KINDS:
            raise ValueError(f"kind: expected {', '.join(KINDS)}, got {kind[:40]!r}")
        readouts, height, width = recording.shape
        look, tone = Look.parse(values), Tone.parse(values)
        bits = whole({"bits": 8, **values}, "bits", 8, 16)
        if bits not in (8, 16):
            raise ValueError(f"bits: expected 8 or 16, got {bits}")
        given = {"start": 0, "stop": readouts, "stride": 20, "fps": 25, **values}
        start = whole(given, "start", 0, readouts - 1)
        made = cls(
            kind=kind,
            look=look,
            tone=tone,
            bits=bits if kind in ("png", "folder") else 8,
            fps=number(given, "fps", 0.01, 1000),
            start=start,
            stop=whole(given, "stop", start + 1, readouts),
            stride=whole(given, "stride", 1, readouts),
            rows=_range(values, "rows", height),
            columns=_range(values, "columns", width),
        )
        if kind != "dat" and len(made.centres) > MAX_IMAGES:
            raise ValueError(
                f"{len(made.centres)} images are too many here (at most {MAX_IMAGES}); "
                "copy the command"
            )
        if max(made.centres) >= readouts:
            raise ValueError(f"centre: expected 0 to {readouts - 1}, got {max(made.centres)}")
        return made

    @property
    def centres(self) -> range:
        """The centres of the images."""
        if self.kind == "png":
            return range(self.look.centre, self.look.centre + 1)
        return range(self.start, self.stop, self.stride)

    def write(
        self, recording: Recording, method: inference.Method | None, path: Path, step: Step
    ) -> None:
        """Writes the file, or the files of a folder.

        Args:
            recording: spikes (T, H, W).
            method: the method of the images; None for 'dat'.
            path: the file, or an existing folder.
            step: is told about the progress.

        Raises:
            ValueError: if the recording does not fit.
            OSError: if a file cannot be read or written.
        """
        if self.kind == "dat":
            part = excerpt(
                recording,
                readouts=(self.start, self.stop),
                rows=self.rows,
                columns=self.columns,
            )
            write_dat(path, part, sidecar=part.sidecar)
            return
        assert method is not None
        gain = recording.gain if self.look.gain is None else self.look.gain
        plan = inference.plan(recording, method, centres=list(self.centres), gain=gain)
        images = _stepping(plan.images(), len(plan), step)
        if self.kind in ("mp4", "gif"):
            shown = self.tone.display.frames(image for _, image in images)
            write_video(path, (coloured(i, self.tone.colours) for i in shown), fps=self.fps)
            return
        display = None
        for centre, image in images:
            display = self.tone.display.fixed(image) if display is None else display
            file = path / f"{centre:06d}.png" if self.kind == "folder" else path
            write_image(file, coloured(display(image), self.tone.colours), bits=self.bits)


KINDS = ("png", "mp4", "gif", "folder", "dat")
"""The kinds of exports."""


def _range(values: Mapping[str, Any], name: str, length: int) -> tuple[int, int] | None:
    given = values.get(name)
    if given is None:
        return None
    if not isinstance(given, list) or len(given) != 2:
        raise ValueError(f"{name}: expected two numbers")
    pair = {"first": given[0], "last": given[1]}
    start = whole(pair, "first", 0, length - 1)
    return start, whole(pair, "last", start + 1, length)


def _stepping(
    images: Iterator[tuple[int, np.ndarray]], total: int, step: Step
) -> Iterator[tuple[int, np.ndarray]]:
    for done, (centre, image) in enumerate(images):
        step(done, total)
        yield centre, np.asarray(image)
    step(total, total)
