"""Options that map intensity to pictures."""

import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spikejax.cli.options.values import parse_pair

if TYPE_CHECKING:
    import numpy as np

    from spikejax.pictures import Display

VIDEOS = (".mp4", ".gif")
IMAGES = (".png", ".jpg", ".jpeg")

_PICTURE = "Picture"
_DARK = 0.35  # an image whose highlights stay below this intensity looks black
_OVEREXPOSED = 0.05  # a larger share of white pixels is more than highlights


@dataclasses.dataclass(frozen=True)
class PictureOptions:
    """The mapping from intensity to stored values, and the format of the files.

    Attributes:
        display: whether to map intensity for viewing; None does so for videos only.
        percentiles: the percentiles of intensity that become black and white: '0.5,99.5'.
        levels: the intensities that become black and white: '0,0.4'.
        gamma: the gamma of the screen.
        colours: the colour map.
        bits: bits of a PNG.
        fps: frames per second of a video.
    """

    display: Annotated[
        bool | None,
        typer.Option(
            "--display/--data",
            help="Map intensity for viewing (stretch the 0.5 to 99.5 percentiles, gamma 2.2), or "
            "store it unchanged. Default: --display for videos, --data for images.",
            rich_help_panel=_PICTURE,
            show_default=False,
        ),
    ] = None
    percentiles: Annotated[
        str | None,
        typer.Option(
            help="Percentiles that become black and white.",
            metavar="LOW,HIGH",
            rich_help_panel=_PICTURE,
        ),
    ] = None
    levels: Annotated[
        str | None,
        typer.Option(
            help="Intensities that become black and white, the same in all images.",
            metavar="LOW,HIGH",
            rich_help_panel=_PICTURE,
        ),
    ] = None
    gamma: Annotated[
        float | None,
        typer.Option(help="Gamma of the screen; 1 is linear.", rich_help_panel=_PICTURE),
    ] = None
    colours: Annotated[
        str | None,
        typer.Option(
            metavar="MAP",
            help="Colour map: gray (the default), viridis, inferno, magma, cividis or turbo.",
            rich_help_panel=_PICTURE,
            show_default=False,
        ),
    ] = None
    bits: Annotated[int, typer.Option(help="8 or 16, of PNG.", rich_help_panel=_PICTURE)] = 8
    fps: Annotated[
        float, typer.Option(help="Frames per second of a video.", rich_help_panel=_PICTURE)
    ] = 25.0

    def check(self, output: Path, *, image: bool) -> None:
        """Checks the options against one another and the output, before any work is done.

        Raises:
            ValueError: if they do not fit.
        """
        deep = image and output.suffix.lower() not in (".jpg", ".jpeg")
        if self.bits != 8 and not (self.bits == 16 and deep):
            raise ValueError(f"--bits: expected 8, or 16 for PNG, got {self.bits}")
        if not 0.01 <= self.fps <= 1000:
            raise ValueError(f"--fps: expected 0.01 to 1000 frames per second, got {self.fps:g}")
        self.mapping(video=not image)
        if self.colours is not None:
            from spikejax.pictures import COLOUR_MAPS

            if self.colours not in COLOUR_MAPS:
                names = ", ".join(COLOUR_MAPS)
                raise ValueError(f"--colours: expected {names}, got {self.colours!r}")

    def mapping(self, *, video: bool) -> "Display":
        """Returns the mapping from intensity to display values.

        Raises:
            ValueError: if a number is out of range.
        """
        from spikejax.pictures import DATA, SCREEN

        base = SCREEN if (video if self.display is None else self.display) else DATA
        if self.levels is not None and self.percentiles is not None:
            raise ValueError("--levels: fixes what --percentiles would choose; give one of them")
        if self.levels is not None:
            levels = parse_pair(self.levels, "--levels")
            base = dataclasses.replace(base, percentiles=None, levels=levels)
        if self.percentiles is not None:
            base = dataclasses.replace(
                base, percentiles=parse_pair(self.percentiles, "--percentiles")
            )
        return base if self.gamma is None else dataclasses.replace(base, gamma=self.gamma)

    def write_image(self, path: Path, image: "np.ndarray", display: "Display") -> None:
        """Writes an image of intensity, (H, W) or (H, W, 3)."""
        from spikejax.formats import write_image
        from spikejax.pictures import coloured

        write_image(path, coloured(display(image), self.colours), bits=self.bits)

    def write_video(self, path: Path, images: "Iterable[np.ndarray]") -> None:
        """Writes a video, frame by frame, of images of intensity, (H, W) or (H, W, 3)."""
        from spikejax.formats import write_video
        from spikejax.pictures import coloured

        shown = self.mapping(video=True).frames(images)
        write_video(path, (coloured(image, self.colours) for image in shown), fps=self.fps)

    def advice(self, image: "np.ndarray") -> str | None:
        """Returns a warning if an image (H, W) without display mapping will look wrong."""
        import numpy as np

        display = self.mapping(video=False)
        if display.percentiles is not None or display.levels is not None:
            return None
        high = float(np.percentile(image, 99.5))
        if high < _DARK:
            return f"dark: intensity hardly exceeds {high:.2g}; --display stretches it for viewing"
        white = float(np.mean(image > 1))
        if white > _OVEREXPOSED:
            return f"{white:.0%} of the pixels are above 1 and clipped; is --gain right?"
        return None


def kind_of(output: str) -> str:
    """Returns the kind of an output by its name: 'image', 'video' or 'folder'.

    Raises:
        ValueError: if the name has another ending.
    """
    if not output:
        raise ValueError("--output: expected a name, got nothing")
    suffix = Path(output).suffix.lower()
    if output.endswith(("/", os.sep)) or Path(output).is_dir() or not suffix:
        return "folder"
    if suffix in VIDEOS:
        return "video"
    if suffix in IMAGES:
        return "image"
    raise ValueError(
        f"{output}: expected a name that ends in {', '.join((*IMAGES, *VIDEOS))}, "
        "or a folder: a name that ends in /, has no dot, or exists"
    )
