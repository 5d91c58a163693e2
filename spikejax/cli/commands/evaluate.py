"""`spikejax evaluate`: methods compared on recordings with true images."""

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spikejax import evaluation
from spikejax.cli.console.output import folder_for_results
from spikejax.cli.console.progress import track
from spikejax.cli.options.data import DataOptions, naming_options, option_name
from spikejax.cli.options.device import computing_on
from spikejax.cli.options.method import ActivationType
from spikejax.cli.options.recording import DeviceOption, flattened
from spikejax.evaluation.data_spec import DataSpec
from spikejax.evaluation.published import PUBLISHED
from spikejax.evaluation.table import Layout

if TYPE_CHECKING:
    from spikejax.evaluation import Table

_OPTIONS = {
    **{field.name: option_name(field.name) for field in dataclasses.fields(DataSpec)},
    "methods": "--method",
    "method": "--method",
    "weights": "--weights",
    "published": "--published",
}


@flattened
def evaluate(
    data: DataOptions,
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            "-m",
            help="{methods}; tfp:21 for a window of 21 readouts; repeatable. Default: the "
            "classical ones, and the networks with weights.",
            show_default=False,
        ),
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(
            help="A network's weights: .safetensors, .pth, or the folder of a training run; "
            "repeatable; default: those that ship.",
            metavar="NAME=FILE",
            show_default=False,
        ),
    ] = None,
    table: Annotated[
        Layout,
        typer.Option(help="plain: all columns; paper: the columns of STIR's published table."),
    ] = "plain",
    cost_only: Annotated[
        bool,
        typer.Option(
            "--cost-only",
            help="The costs of all methods at 736x1280, those without weights included, beside the "
            "published ones; no images.",
        ),
    ] = False,
    published: Annotated[
        str | None,
        typer.Option(
            help=f"The published dataset that DATA is, {' or '.join(PUBLISHED)}: append its "
            "published numbers to --table paper. A prepared dataset needs no --published.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    dtype: Annotated[
        ActivationType, typer.Option(help="Type of the networks' activations.")
    ] = ActivationType.float32,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the tables, the scores of every image, and a page with the images "
            "side by side.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    pictures: Annotated[
        int, typer.Option(help="Number of samples whose images the page shows.", min=0)
    ] = 16,
    by_rate: Annotated[
        bool,
        typer.Option(
            "--by-rate",
            help="A second table: how bright the images are, and how wrong, by level of light.",
        ),
    ] = False,
    device: DeviceOption = None,
) -> None:
    """Compare methods on recordings with true images.

    PSNR, SSIM, LPIPS, NIQE, BRISQUE with confidence intervals over the images, and the cost of each
    method. The definition of every number is below the table.

    \b
    [dim]Examples:[/]
      spikejax evaluate synthetic
      spikejax evaluate synthetic --gain 0.05 --by-rate
      spikejax evaluate --cost-only
      spikejax evaluate clips/ --height 250 --width 400 --gain 0.6 -m tfp -m tfp:21 -m tfi
      spikejax evaluate sreds --folder data/ --table paper --weights stir=stir.pth --out results/
    """
    with computing_on(device), naming_options(_OPTIONS):
        if cost_only:
            _print_costs(method, dtype, out)
            return
        with contextlib.nullcontext() if out is None else folder_for_results(out):
            result = evaluation.evaluate(
                data,
                method or None,
                weights=weights,
                table=table,
                published=published,
                dtype=dtype.value,
                out=out,
                pictures=pictures,
                by_rate=by_rate,
                progress=track,
            )
        print_table(result, out)


def _print_costs(method: list[str] | None, dtype: ActivationType, out: Path | None) -> None:
    if out is not None:
        raise ValueError("--out: goes with scores; redirect the output of --cost-only to a file")
    table = evaluation.cost_table(method or None, dtype=dtype.value, progress=track)
    print(table.markdown(), end="")


def print_table(table: "Table", out: Path | None) -> None:
    """Prints the table and the names of the files, in the first process.

    Args:
        table: the table of an evaluation.
        out: folder of its files; None if there are none.
    """
    import jax

    if jax.process_index() == 0:
        print(table.markdown(), end="")
        if out is not None:
            print(f"\n{out}: {', '.join(evaluation.FILES)}")
