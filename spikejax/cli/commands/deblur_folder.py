"""`spikejax deblur FOLDER`: every pair of a folder, one after another."""

import enum
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikejax.cli.commands.deblur_run import Run, moments
from spikejax.cli.console.progress import track
from spikejax.cli.options.deblur import DeblurOptions
from spikejax.cli.options.picture import PictureOptions
from spikejax.cli.options.recording import RecordingOptions

if TYPE_CHECKING:
    from spikejax.datasets.published.blur_pairs import BlurPair
    from spikejax.deblur.input import PairSettings


class Format(enum.StrEnum):
    """What is made of each pair of a folder."""

    png = "png"
    mp4 = "mp4"
    gif = "gif"

    @property
    def kind(self) -> str:
        """As `picture.kind_of`."""
        return "folder" if self is Format.png else "video"

    def path(self, folder: Path, name: str) -> Path:
        """Where the images of a pair go, or its video."""
        return folder / name if self is Format.png else folder / f"{name}.{self.value}"


def deblur_folder(
    folder: Path,
    output: Path,
    format: Format,
    method: DeblurOptions,
    settings: "PairSettings",
    recording: RecordingOptions,
    networks: dict[str, Any],
    picture: PictureOptions,
) -> list[str]:
    """Deblurs every photograph in a folder with its recording.

    Args:
        folder: as for `inference.blurry_folder.find_photographs`.
        output: the folder for the results.
        format: of the results.
        method: the method.
        settings: what is known about the photographs and recordings.
        recording: what the user says about the recordings.
        networks: variables by network.
        picture: how images are written.

    Returns:
        What was made, in lines.

    Raises:
        ValueError: if a pair is not as it should be: a recording before anything is made, a
            photograph when it is its turn.
    """
    from spikejax.deblur.folder import find_photographs
    from spikejax.deblur.input import open_pair

    pairs = find_photographs(folder)
    frames = [_frames(pair, recording, settings, method) for pair in pairs]
    read = [path for pair in pairs for path in (pair.blur, pair.spikes)]
    started = time.monotonic()
    for pair in track(pairs, f"deblurring photographs by {method.name}", len(pairs)):
        with recording.open_at(pair.spikes) as opened:
            opened_pair = open_pair(pair.blur, opened, settings)
        place = format.path(output, pair.name)
        run = Run(opened_pair, method, networks, format.kind, place, picture)
        run.check(read)
        run.write(bar=False)
    seconds = time.monotonic() - started
    least, most = min(frames), max(frames)
    each = f"{most} images" if least == most else f"{least} to {most} images"
    return [
        f"{method.described()}; {len(pairs)} photographs",
        f"{each} of each, {seconds:.1f} s",
    ]


def _frames(
    pair: "BlurPair", recording: RecordingOptions, settings: "PairSettings", method: DeblurOptions
) -> int:
    """How many images of a photograph will be made."""
    from spikejax.deblur.input import exposure_in

    with recording.open_at(pair.spikes) as opened:
        exposure, _ = exposure_in(opened, settings)
    return len(moments(exposure, method.frames, single=False))
