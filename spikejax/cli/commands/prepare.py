"""`spikejax prepare`: published files, your own files or scenes -> a training dataset."""

import enum
from pathlib import Path
from typing import Annotated, Any

import typer

from spikejax.cli.console.progress import track

SYNTHETIC = "spikejax_synthetic"


class DatasetFormat(enum.StrEnum):
    """The format of a prepared dataset."""

    mapped = "mapped"
    array_record = "array_record"


def prepare(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="sreds, reds_base, spike_gopro or spike_rsb (published), recordings or pairs "
            f"(your own), or {SYNTHETIC} (procedural scenes).",
        ),
    ],
    data_dir: Annotated[Path, typer.Option(help="Folder of the prepared datasets.")],
    manual_dir: Annotated[
        Path | None,
        typer.Option(help="Folder of the published files, or of yours.", show_default=False),
    ] = None,
    format: Annotated[
        DatasetFormat, typer.Option(help="Files for training, or a TFDS dataset.")
    ] = DatasetFormat.mapped,
    split: Annotated[
        list[str] | None,
        typer.Option(help="Only this split; repeatable.", show_default=False),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an existing dataset.")
    ] = False,
    gain: Annotated[
        float | None,
        typer.Option(
            help="recordings, pairs: spikes per readout at intensity 1, for files without a "
            "sidecar.",
            show_default=False,
        ),
    ] = None,
    clips: Annotated[
        int | None,
        typer.Option(
            help=f"{SYNTHETIC}: training clips; a tenth as many for validation and test; "
            "default: 1000.",
            show_default=False,
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(help=f"{SYNTHETIC}: pixels per side; default: 128.", show_default=False),
    ] = None,
    windows: Annotated[
        int | None,
        typer.Option(help=f"{SYNTHETIC}: images per clip; default: 4.", show_default=False),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help=f"{SYNTHETIC}: random seed; default: 0.", show_default=False),
    ] = None,
    photographs: Annotated[
        bool | None,
        typer.Option(
            "--photographs",
            help=f"{SYNTHETIC}: add blurry photographs of four times the size of the spikes.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Prepare a dataset for training.

    The command writes one file per clip to DATA_DIR/NAME. If it is
    interrupted, the same command continues.

    \b
    [dim]Examples:[/]
      spikejax prepare sreds --manual-dir downloads/SREDS --data-dir data/
      spikejax prepare pairs --manual-dir photographs/ --data-dir data/
      spikejax prepare spikejax_synthetic --data-dir data/ --clips 200
    """
    from spikejax.datasets.published.preparation import prepare_dataset
    from spikejax.datasets.published.synthetic_clips import SyntheticDataset

    options = {
        "clips": clips,
        "size": size,
        "windows": windows,
        "seed": seed,
        "photographs": photographs,
    }
    chosen: dict[str, Any] = {key: value for key, value in options.items() if value is not None}
    if chosen and name != SYNTHETIC:
        raise ValueError(f"--{next(iter(chosen))}: only for {SYNTHETIC}, not for {name}")
    counts = prepare_dataset(
        name,
        data_dir,
        manual_dir=manual_dir,
        splits=split,
        format=format.value,
        gain=gain,
        synthetic=SyntheticDataset(**chosen) if name == SYNTHETIC else None,
        overwrite=overwrite,
        progress=track,
    )
    print(f"{data_dir / name}: {', '.join(f'{counts[part]} {part}' for part in counts)}")
