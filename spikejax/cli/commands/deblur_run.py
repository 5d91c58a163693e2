"""What `spikejax deblur` makes of one pair: images, a video, a sheet."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikejax.cli.console import interruption
from spikejax.cli.console.output import folder_for_results
from spikejax.cli.console.progress import track
from spikejax.cli.options.deblur import COMPARED, DeblurOptions, lacking, weights_of
from spikejax.cli.options.picture import PictureOptions

if TYPE_CHECKING:
    import numpy as np

    from spikejax.camera import ExposureTiming
    from spikejax.deblur.input import Pair

COUNT = 13
"""Images of an exposure, if nobody says."""


def moments(exposure: "ExposureTiming", frames: int | None, *, single: bool) -> tuple[int, ...]:
    """Settles the readouts whose images are wanted.

    Args:
        exposure: of the photograph.
        frames: how many; None for the usual number.
        single: whether one image is the usual number.

    Raises:
        ValueError: if the exposure has fewer readouts.
    """
    if frames is None:
        frames = 1 if single else min(COUNT, exposure.readouts)
    if frames > exposure.readouts:
        raise ValueError(
            f"--frames: expected at most {exposure.readouts}, the readouts of the exposure, "
            f"got {frames}"
        )
    return exposure.times(frames)


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """A pair, and what is to be made of it.

    Attributes:
        pair: photograph and spikes.
        method: the method.
        networks: variables by network.
        kind: of the output: 'image', 'video' or 'folder'.
        output: where it goes.
        picture: how it is written.
    """

    pair: "Pair"
    method: DeblurOptions
    networks: dict[str, Any]
    kind: str
    output: Path
    picture: PictureOptions

    @property
    def times(self) -> tuple[int, ...]:
        """The moments that are wanted, in the spikes of the pair."""
        return moments(self.pair.exposure, self.method.frames, single=self.kind == "image")

    @property
    def sheet_times(self) -> tuple[int, ...]:
        """The first moment, the middle and the last."""
        return self.pair.exposure.times(min(3, self.pair.exposure.readouts))

    def check(self, read: Iterable[Path], sheet: Path | None = None) -> None:
        """Makes sure that nothing is written over what is read, before any work is done.

        Raises:
            ValueError: if it would be, or --frames is out of range, or there can be no sheet.
        """
        if sheet is not None:
            if sheet.is_dir():
                raise ValueError(f"--sheet: {sheet} is a folder; expected a name ending in .png")
            above = next(folder for folder in sheet.absolute().parents if folder.exists())
            if not above.is_dir():
                raise ValueError(f"--sheet: {above} is a file; expected the name of a folder")
        paths = [self._path(time) for time in self.times]
        written = {path.resolve() for path in paths}
        if sheet is not None and sheet.resolve() in written:
            raise ValueError(f"--sheet: {sheet} is the name of an image already")
        for path in read:
            if path.resolve() in written | ({sheet.resolve()} if sheet else set()):
                raise ValueError(f"{path}: is a file that is read; expected another name as output")

    def write(self, *, bar: bool = True, keep: Sequence[int] = ()) -> "dict[int, np.ndarray]":
        """Makes the images, and writes each as it comes.

        Args:
            bar: whether it is shown how far this is.
            keep: moments.

        Returns:
            The linear images of the moments to be kept that were made.
        """
        from spikejax.pictures import DATA

        kept: dict[int, np.ndarray] = {}

        def images() -> "Iterator[tuple[int, np.ndarray]]":
            for time, image in self._deblurred(self.method.name, self.times):
                interruption.check()
                if time in keep:
                    kept[time] = image
                yield time, self.pair.stored(image)

        made: Iterable[tuple[int, np.ndarray]] = images()
        if bar:
            made = track(made, f"deblurring by {self.method.name}", len(self.times))
        with folder_for_results(self.output if self.kind == "folder" else self.output.parent):
            if self.kind == "video":
                self.picture.write_video(self.output, (image for _, image in made))
                return kept
            for time, image in made:
                self.picture.write_image(self._path(time), image, DATA)
        return kept

    def draw(self, path: Path, kept: "dict[int, np.ndarray]") -> list[str]:
        """Draws the sheet that compares the methods.

        Args:
            path: of the picture.
            kept: images that were made already, by moment.

        Returns:
            What had to be left out of it.
        """
        from spikejax.deblur.sheet import deblur_sheet
        from spikejax.formats import write_image

        times, chosen = self.sheet_times, self.method.name
        left_out, shown = [], {}
        for name in (*(() if chosen in COMPARED else (chosen,)), *COMPARED):
            if (why := lacking(name, self.networks)) is not None:
                left_out.append(why)
                continue
            made = dict(kept) if name == chosen else {}
            if rest := [time for time in times if time not in made]:
                images = self._deblurred(name, rest)
                made |= dict(track(images, f"for the sheet, {name}", len(rest)))
            shown[name] = [made[time] for time in times]
        with folder_for_results(path.parent):
            write_image(path, deblur_sheet(self.pair, times, shown))
        return left_out

    def summary(self, rate_hz: float, seconds: float) -> list[str]:
        """Says what was made, in lines."""
        times, before, exposure = self.times, self.pair.before, self.pair.exposure
        first, last = before + exposure.margin, before + exposure.stop - 1
        lasts = 1e3 * exposure.readouts / rate_hz
        lines = [f"exposure: readouts {first} to {last}, {lasts:.3g} ms at {rate_hz:g} Hz"]
        if len(times) == 1:
            return [*lines, f"one image, of readout {before + times[0]}, {seconds:.1f} s"]
        step = (times[-1] - times[0]) / (len(times) - 1)
        lines.append(f"{len(times)} images, every {step:.3g} readouts, {seconds:.1f} s")
        if self.kind == "video":
            fps = self.picture.fps
            lines.append(f"{fps:g} frames/s, {rate_hz / step / fps:.3g} times slower than real")
        return lines

    def _path(self, time: int) -> Path:
        """Of the file that holds the image of a moment."""
        if self.kind != "folder":
            return self.output
        return self.output / f"{self.pair.before + time:06d}.png"

    def _deblurred(self, method: str, times: Sequence[int]) -> "Iterator[tuple[int, np.ndarray]]":
        import jax.numpy as jnp

        dtype = self.method.dtype
        return self.pair.frames(
            method,
            weights_of(method, self.networks),
            times,
            blind=self.method.blind,
            dtype=jnp.dtype("float32" if dtype is None else dtype.value),
        )
