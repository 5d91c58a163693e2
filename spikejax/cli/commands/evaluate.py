"""`spikejax evaluate`: methods compared on recordings whose true images are known."""

import contextlib
import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spikejax.cli.console.output import folder_for_results
from spikejax.cli.console.progress import track
from spikejax.cli.options.data import SYNTHETIC, DataOptions, Dataset
from spikejax.cli.options.device import computing_on
from spikejax.cli.options.method import ActivationType
from spikejax.cli.options.recording import DeviceOption, flattened

if TYPE_CHECKING:
    from spikejax.evaluation.samples import Samples
    from spikejax.evaluation.scoring import Candidate


class TableKind(enum.StrEnum):
    """Which columns are printed."""

    plain = "plain"
    paper = "paper"


@flattened
def evaluate(
    data: DataOptions,
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            "-m",
            help="Again for several: tfp, tfi, tfstp, stir, lrn; tfp:21 for a window of 21 "
            "readouts. Default: the classical ones, and the networks whose weights are at hand.",
            show_default=False,
        ),
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(
            help="A network's weights, .safetensors or .pth, again for several; else those that "
            "ship.",
            metavar="NAME=FILE",
            show_default=False,
        ),
    ] = None,
    table: Annotated[
        TableKind,
        typer.Option(help="plain: all there is; paper: the columns of STIR's published table."),
    ] = TableKind.plain,
    published: Annotated[
        Dataset | None,
        typer.Option(
            help="The data is this published dataset: put the published numbers beside; with "
            "--table paper. A prepared dataset is known by its name.",
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
        int, typer.Option(help="Of how many samples the page shows the images.", min=0)
    ] = 16,
    device: DeviceOption = None,
) -> None:
    """Compare methods on recordings whose true images are known.

    PSNR, SSIM, LPIPS, NIQE, BRISQUE with confidence intervals over the images, and what each method
    costs. Every number's definition is named below the table.

    \b
    [dim]Examples:[/]
      spikejax evaluate synthetic
      spikejax evaluate clips/ --height 250 --width 400 --gain 0.6 -m tfp -m tfp:21 -m tfi
      spikejax evaluate sreds --folder data/ --table paper --weights stir=stir.pth --out results/
    """
    paper = table is TableKind.paper
    if published is not None and (not paper or data.data == SYNTHETIC):
        raise ValueError("--published: goes with --table paper and the published dataset itself")
    with computing_on(device):
        samples = data.open()
        if None not in (published, data.folder) and samples.published != published:
            raise ValueError(f"--published: its numbers are not of {samples.title}")
        candidates = make_candidates(method, weights, dtype)
        with contextlib.nullcontext() if out is None else folder_for_results(out):
            print_evaluation(
                samples,
                candidates,
                out=out,
                paper=paper,
                published=None if published is None else published.value,
                pictures=pictures,
            )


def print_evaluation(
    samples: "Samples", candidates: "list[Candidate]", *, out: Path | None, **options: Any
) -> None:
    """Evaluates with a progress bar and prints the table, if this is the first process.

    Args:
        samples: what is evaluated on.
        candidates: the methods.
        out: as for `evaluation_run.run`.
        **options: as for `evaluation_run.run`.
    """
    import jax

    from spikejax.evaluation.published import PUBLISHED
    from spikejax.evaluation.run import FILES, run

    if options.get("published") is None and options.get("paper") and samples.published in PUBLISHED:
        options["published"] = samples.published
    shown = run(samples, candidates, out=out, progress=track, **options)
    if jax.process_index() == 0:
        print(shown.markdown(), end="")
        if out is not None:
            print(f"\n{out}: {', '.join(FILES)}")


def make_candidates(
    methods: list[str] | None, files: list[str] | None, dtype: ActivationType
) -> "list[Candidate]":
    """The methods that are named, with their weights.

    Args:
        methods: NAME or NAME:WINDOW; None for the classical ones and the networks at hand.
        files: NAME=FILE, weights of networks; a network with several comes several times.
        dtype: of the networks' activations.

    Raises:
        ValueError: if there is no such method, or something does not fit it.
    """
    import jax.numpy as jnp

    from spikejax import inference, weights
    from spikejax.evaluation.scoring import Candidate

    networks = [n for n in inference.method_names() if n not in inference.CLASSICAL]
    given = _weights_by_network(files, networks)
    if not methods:
        methods = [
            *inference.CLASSICAL,
            *(n for n in networks if n in given or n in weights.available()),
        ]
    found = []
    for text in dict.fromkeys(methods):
        name, colon, window = text.partition(":")
        if colon and not window.isdecimal():
            raise ValueError(
                f"--method: expected NAME or NAME:WINDOW, such as tfp:21, got {text!r}"
            )
        readouts = int(window) if colon else None
        paths = given.pop(name, [None])
        for path in paths:
            label = f"{text} {path.stem}" if path is not None and len(paths) > 1 else text
            kind = None if name in inference.CLASSICAL else jnp.dtype(dtype.value)
            found.append(Candidate(name, label=label, weights=path, window=readouts, dtype=kind))
    if given:
        name = next(iter(given))
        raise ValueError(f"--weights: {name} is not among the methods; add -m {name}")
    return found


def _weights_by_network(files: list[str] | None, networks: list[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for text in files or ():
        name, equals, path = text.partition("=")
        if not equals or name not in networks or not path:
            raise ValueError(
                f"--weights: expected NAME=FILE, NAME one of {', '.join(networks)}, got {text!r}"
            )
        found.setdefault(name, []).append(Path(path))
    return found
