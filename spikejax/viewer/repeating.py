"""An export as a command line and as Python, which write the same bytes."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spikejax.viewer.exporting import Export
from spikejax.viewer.listing import Entry
from spikejax.viewer.methods import Choice

_SUFFIX = {"png": ".png", "mp4": ".mp4", "gif": ".gif", "folder": "/", "dat": ".dat"}
_OPTIONS = {  # of open_recording, as options of the commands
    "height": "--height",
    "width": "--width",
    "rate_hz": "--rate",
    "gain": "--gain",
    "bit_order": "--bit-order",
    "stored_width": "--stored-width",
    "time_axis": "--time-axis",
    "key": "--key",
}


def file_name(entry: Entry, export: Export, choice: Choice) -> str:
    """Returns a name for the file of an export; that of a folder ends in a slash."""
    stem = Path(entry.name).stem if entry.path is not None else "recording"
    if export.kind == "dat":
        name = f"{stem}_{export.start}-{export.stop}"
    else:
        window = "" if export.look.window is None else str(export.look.window)
        name = f"{stem}_{choice.name}{window}"
        name += f"_{export.look.centre:06d}" if export.kind == "png" else ""
    return name + _SUFFIX[export.kind]


def as_command(entry: Entry, export: Export, choice: Choice) -> str | None:
    """Returns the command line of an export; None if the recording is not known by a file."""
    if entry.path is None or entry.options is None:
        return None
    options = dict(entry.options)
    output = file_name(entry, export, choice)
    if export.kind == "dat":
        words = ["spikejax", "convert", str(entry.path), output, *_opening(options)]
        words += ["--readouts", f"{export.start}:{export.stop}"]
        for name in ("rows", "columns"):
            chosen = getattr(export, name)
            words += [] if chosen is None else [f"--{name}", f"{chosen[0]}:{chosen[1]}"]
        return shlex.join(words)
    if export.look.gain is not None:
        options["gain"] = export.look.gain
    words = ["spikejax", "reconstruct", str(entry.path), "-o", output, *_opening(options)]
    words += ["-m", choice.name]
    words += [] if choice.weights is None else ["--weights", str(choice.weights)]
    words += [] if export.look.window is None else ["--window", str(export.look.window)]
    words += ["-c", _centres(export)]
    if export.tone.levels is None:
        words.append("--display")
    else:
        low, high = export.tone.levels
        words.append(f"--levels={low!r},{high!r}")
    words += ["--gamma", repr(export.tone.gamma)]
    words += [] if export.tone.colours == "gray" else ["--colours", export.tone.colours]
    words += ["--bits", str(export.bits)] if export.bits != 8 else []
    words += ["--fps", repr(export.fps)] if export.kind in ("mp4", "gif") else []
    return shlex.join(words)


def as_python(entry: Entry, export: Export, choice: Choice) -> str:
    """Returns the Python of an export; `recording` is what the user has if it is not a file."""
    lines = ["import spikejax as sj", ""]
    if entry.path is not None and entry.options is not None:
        opening = "".join(f", {name}={value!r}" for name, value in entry.options.items())
        lines.append(f"recording = sj.open_recording({str(entry.path)!r}{opening})")
    output = file_name(entry, export, choice)
    if export.kind == "dat":
        ranges = {"readouts": (export.start, export.stop)}
        ranges |= {} if export.rows is None else {"rows": export.rows}
        ranges |= {} if export.columns is None else {"columns": export.columns}
        given = ", ".join(f"{name}={value!r}" for name, value in ranges.items())
        lines.append(f"part = sj.formats.excerpt(recording, {given})")
        lines.append(f"sj.write_dat({output!r}, part, sidecar=part.sidecar)")
        return "\n".join(lines) + "\n"
    lines += [*_images(export, choice), _display(export)]
    show = "display(image)"
    if export.tone.colours != "gray":
        show = f"sj.pictures.coloured({show}, {export.tone.colours!r})"
    lines += _WRITING[export.kind](export, output, show)
    return "\n".join(lines) + "\n"


def _opening(options: Mapping[str, Any]) -> list[str]:
    words: list[str] = []
    for name, value in options.items():
        if name == "flip":
            words += [] if value else ["--no-flip"]
        else:
            text = f"{value:.17g}" if isinstance(value, float) else str(value)
            words += [_OPTIONS[name], _shortest(value, text)]
    return words


def _shortest(value: Any, text: str) -> str:
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else text


def _centres(export: Export) -> str:
    if export.kind == "png":
        return str(export.look.centre)
    return f"{export.start}:{export.stop}:{export.stride}"


def _images(export: Export, choice: Choice) -> list[str]:
    centres = f"range({export.start}, {export.stop}, {export.stride})"
    centres = str([export.look.centre]) if export.kind == "png" else f"list({centres})"
    given = [repr(choice.name)]
    given += [] if choice.weights is None else [f"weights={str(choice.weights)!r}"]
    given.append(f"centres={centres}")
    given += [] if export.look.window is None else [f"window={export.look.window}"]
    given += [] if export.look.gain is None else [f"gain={export.look.gain!r}"]
    return [f"images = sj.reconstruct(recording, {', '.join(given)})"]


def _display(export: Export) -> str:
    levels = export.tone.levels
    stretch = "percentiles=(0.5, 99.5)" if levels is None else f"levels={levels!r}"
    return f"display = sj.pictures.Display({stretch}, gamma={export.tone.gamma!r})"


def _png(export: Export, output: str, show: str) -> list[str]:
    return [
        "((_, image),) = images",
        f"sj.formats.write_image({output!r}, {show}, bits={export.bits})",
    ]


def _video(export: Export, output: str, show: str) -> list[str]:
    shown = "display.frames(image for _, image in images)"
    if show != "display(image)":
        shown = f"(sj.pictures.coloured(image, {export.tone.colours!r}) for image in {shown})"
    return [f"sj.formats.write_video({output!r}, {shown}, fps={export.fps!r})"]


def _folder(export: Export, output: str, show: str) -> list[str]:
    return [
        "from pathlib import Path",
        f"folder = Path({output!r})",
        "folder.mkdir(exist_ok=True)",
        "for number, (centre, image) in enumerate(images):",
        "    display = display if number else display.fixed(image)",
        f'    sj.formats.write_image(folder / f"{{centre:06d}}.png", {show}, bits={export.bits})',
    ]


_WRITING = {"png": _png, "mp4": _video, "gif": _video, "folder": _folder}
