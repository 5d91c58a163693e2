r"""`python -m spikejax.datasets.published.preparation NAME`: published files to training data.

A file per clip, memory-mapped by `published.prepared`; or, with `--format array_record`, the TFDS
dataset of `published.builders`. A clip is written whole or not at all, and one that is there
already is kept: after an interruption the same command goes on where it was.
"""

import dataclasses
import enum
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from spikejax.datasets.progress import Advance, progress
from spikejax.datasets.published.clips import Clip, require_gains
from spikejax.datasets.published.layouts import LAYOUTS, find_clips
from spikejax.datasets.published.prepared import entry_of, read_index, write_clip, write_index
from spikejax.datasets.published.synthetic_clips import SYNTHETIC, SyntheticDataset
from spikejax.formats import FormatError, replacing

_COMMAND = "python -m spikejax.datasets.published.preparation"
_BAD_INPUT, _INTERRUPTED = 2, 130
_OWN = ("recordings", "pairs")  # whose files say little of themselves
# What a wrong command line raises; its class is not among typer's public names.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]


class Openable(Protocol):
    """A clip that is made or read when it is asked for."""

    @property
    def name(self) -> str:
        """Unique within its split."""

    def open(self) -> Clip:
        """Makes or reads it."""


def prepare(
    name: str,
    splits: dict[str, Sequence[Openable]],
    data_dir: str | Path,
    *,
    origin: dict[str, Any],
    overwrite: bool = False,
    advance: Advance = lambda done, total: None,
) -> None:
    """Writes the clips that are not there yet, then the index that declares the dataset complete.

    Args:
        name: the dataset's.
        splits: its clips.
        data_dir: where datasets lie; this one's folder is `data_dir / name`.
        origin: what the clips are made of, as JSON; a dataset of another origin is not continued.
        overwrite: replace these splits; what they were made of does not matter.
        advance: told after each clip how many of how many are there.

    Raises:
        ValueError: if what is there, and is not replaced, is of another origin, or two clips have
            one name.
        OSError: if a file cannot be read or written.
    """
    base = Path(data_dir) / name
    base.mkdir(parents=True, exist_ok=True)
    _begin(base, origin, splits, overwrite)
    total, done = sum(map(len, splits.values())), 0
    entries: dict[str, list[dict[str, Any]]] = {}
    for split, clips in splits.items():
        folder = base / split
        folder.mkdir(exist_ok=True)
        for left in folder.glob(".*.part"):
            left.unlink()  # of a preparation that was killed
        if len({clip.name for clip in clips}) < len(clips):
            raise ValueError(f"{folder}: two clips of {name} have the same name")
        described = entries[split] = []
        for clip in clips:
            described.append(_written(folder / f"{clip.name}.npz", clip))
            done += 1
            advance(done, total)
    earlier = read_index(base)["splits"] if (base / "index.json").exists() else {}
    write_index(base, earlier | entries)


def _begin(
    base: Path, origin: dict[str, Any], splits: dict[str, Sequence[Openable]], overwrite: bool
) -> None:
    """Notes what a dataset is made of, or checks that it is made of the same."""
    note = base / "origin.json"
    others = sorted({path.parent.name for path in base.glob("*/*.npz")} - set(splits))
    if note.exists() and (others or not overwrite):
        before = json.loads(note.read_text(encoding="utf-8"))
        if before != origin:
            changed = next(k for k in before | origin if before.get(k) != origin.get(k))
            remedy = f"delete the split {others[0]!r}" if overwrite else "pass --overwrite"
            raise ValueError(
                f"{base}: was prepared with {changed} {before.get(changed)}, not "
                f"{origin.get(changed)}; {remedy} to replace it, or another --data-dir"
            )
    if overwrite:
        _remove(base, splits, others)
    with replacing(note) as temporary:
        temporary.write_text(json.dumps(origin), encoding="utf-8")


def _remove(base: Path, splits: dict[str, Sequence[Openable]], others: Sequence[str]) -> None:
    """Takes splits out of the index, then their files away."""
    if others and (base / "index.json").exists():
        entries = read_index(base)["splits"]
        write_index(base, {split: entries[split] for split in entries if split in others})
    else:
        (base / "index.json").unlink(missing_ok=True)
    for split in splits:
        for path in (base / split).glob("*.npz"):
            path.unlink()


def _written(path: Path, clip: Openable) -> dict[str, Any]:
    try:
        return entry_of(path)
    except (FileNotFoundError, FormatError):
        write_clip(path, clip.open())
        return entry_of(path)


class Format(enum.StrEnum):
    """What is written."""

    mapped = "mapped"
    array_record = "array_record"


def _command(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help=f"One of {', '.join([*LAYOUTS, SYNTHETIC])}.")
    ],
    data_dir: Annotated[Path, typer.Option(help="Where prepared datasets lie.")],
    manual_dir: Annotated[
        Path | None, typer.Option(help="Where the published files were unpacked.")
    ] = None,
    format: Annotated[
        Format, typer.Option(help="Files for training, or a TFDS dataset.")
    ] = Format.mapped,
    split: Annotated[
        list[str] | None, typer.Option(help="Only this split; may be given several times.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    gain: Annotated[
        float | None,
        typer.Option(
            help="Of one's own: spikes a readout at intensity 1, where no sidecar says it."
        ),
    ] = None,
    clips: Annotated[
        int | None,
        typer.Option(
            help=f"{SYNTHETIC}: clips to train on, a tenth to validate and to test; default: 1000."
        ),
    ] = None,
    size: Annotated[
        int | None, typer.Option(help=f"{SYNTHETIC}: pixels, a side; default: 128.")
    ] = None,
    windows: Annotated[
        int | None, typer.Option(help=f"{SYNTHETIC}: images a clip; default: 4.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help=f"{SYNTHETIC}: of everything random; default: 0.")
    ] = None,
    photographs: Annotated[
        bool | None,
        typer.Option(
            "--photographs",
            help=f"{SYNTHETIC}: blurry photographs of four times the size beside the spikes.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Prepare a dataset for training; continue where an earlier run was interrupted."""
    if name not in (*LAYOUTS, SYNTHETIC):
        raise ValueError(f"{name}: no such dataset; expected {', '.join([*LAYOUTS, SYNTHETIC])}")
    asked = {
        "clips": clips,
        "size": size,
        "windows": windows,
        "seed": seed,
        "photographs": photographs,
    }
    _refuse_others(name, {"manual-dir": manual_dir, "gain": gain, **asked})
    if name == SYNTHETIC:
        given: dict[str, Any] = {k: value for k, value in asked.items() if value is not None}
        synthetic = SyntheticDataset(**given)
        found: dict[str, Any] = synthetic.splits()
        origin, options = dataclasses.asdict(synthetic), {"dataset": synthetic}
    elif manual_dir is None:
        raise ValueError(f"{name}: pass --manual-dir, which holds {LAYOUTS[name].tree}")
    else:
        found = find_clips(name, manual_dir)
        origin, options = {"manual_dir": str(manual_dir.resolve())}, {}
        if name in _OWN:
            for part, files in found.items():
                found[part] = [dataclasses.replace(clip, gain=gain) for clip in files]
                require_gains(found[part])
            origin["gain"] = gain
    unknown = [part for part in split or [] if part not in found]
    if unknown:
        raise ValueError(f"--split {unknown[0]}: expected {' or '.join(found)}")
    if format is Format.array_record:
        _write_records(name, options, manual_dir, data_dir, whole=not split, overwrite=overwrite)
    else:
        chosen = {part: found[part] for part in split or found}
        with progress(name) as advance:
            prepare(name, chosen, data_dir, origin=origin, overwrite=overwrite, advance=advance)
    counts = ", ".join(f"{len(found[part])} {part}" for part in split or found)
    print(f"{data_dir / name}: {counts}")


def _refuse_others(name: str, given: dict[str, Any]) -> None:
    """Refuses options that say nothing about this dataset."""
    fitting = {
        SYNTHETIC: ("clips", "size", "windows", "seed", "photographs"),
        **dict.fromkeys(_OWN, ("manual-dir", "gain")),
    }
    for option, value in given.items():
        if value is not None and option not in fitting.get(name, ("manual-dir",)):
            raise ValueError(f"--{option}: has no meaning for {name}")


def _write_records(
    name: str,
    options: dict[str, Any],
    manual_dir: Path | None,
    data_dir: Path,
    *,
    whole: bool,
    overwrite: bool,
) -> None:
    """Lets TFDS write; it makes all splits, and begins anew after an interruption."""
    if name in _OWN or not whole:
        raise ValueError("--format array_record: only for published datasets, and all their splits")
    import tensorflow_datasets as tfds

    import spikejax.datasets.published.builders  # noqa: F401 (registers)

    config = tfds.download.DownloadConfig(manual_dir=manual_dir)
    builder = tfds.builder(name, data_dir=data_dir, **options)
    written = Path(builder.data_dir)
    if written.exists() and not overwrite:  # TFDS would take it for what is asked, whatever it is
        raise ValueError(f"{written}: is there already; pass --overwrite to replace it")
    if written.exists():
        shutil.rmtree(written)
        builder = tfds.builder(name, data_dir=data_dir, **options)
    builder.download_and_prepare(download_config=config)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: those of the command line; None: this process's.

    Returns:
        The exit code: 2 if the input is at fault, which one line on stderr explains.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(_command)
    command = typer.main.get_command(app)
    try:
        status = command.main(arguments, prog_name=_COMMAND, standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        print("prepare: interrupted; the same command goes on where it was", file=sys.stderr)
        return _INTERRUPTED
    except (OSError, ValueError, _UsageError) as error:
        print(f"prepare: error: {' '.join(_explained(error).split())}", file=sys.stderr)
        return _BAD_INPUT
    return status or 0


def _explained(error: Any) -> str:
    if isinstance(error, _UsageError):
        return f"{error.format_message().rstrip('.')} (see {_COMMAND} --help)"  # type: ignore[attr-defined]
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
