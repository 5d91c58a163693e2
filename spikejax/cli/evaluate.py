"""`spikejax evaluate`: methods compared on recordings whose true images are known."""

import dataclasses
import enum
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spikejax.cli.device import computing_on
from spikejax.cli.options import BitOrder, DeviceOption, RecordingFile, flattened
from spikejax.cli.output import folder_for_results
from spikejax.cli.progress import track
from spikejax.cli.values import parse_size

if TYPE_CHECKING:
    from spikejax.formats import Recording
    from spikejax.inference.evaluation import Candidate, Sample, Score
    from spikejax.inference.evaluation_data import Pair
    from spikejax.inference.evaluation_table import Table

DEMO = "demo"
_DATA = "Data"
_REPEATS = 5  # calls that are timed
_FILES = ("table.md", "table.csv", "table.tex", "per_image.csv")


class TableKind(enum.StrEnum):
    """Which columns are printed."""

    plain = "plain"
    paper = "paper"


class Dataset(enum.StrEnum):
    """Published datasets that there are published numbers for."""

    sreds = "sreds"
    reds_base = "reds_base"


def _data(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=_DATA, show_default=False, **more)


@dataclasses.dataclass(frozen=True)
class DataOptions:
    """What is evaluated on.

    Attributes:
        data: a folder, or 'demo'.
        height: rows.
        width: columns.
        gain: spikes a readout at intensity 1.
        no_flip: whether the top row is stored first.
        bit_order: which bit of a byte comes first.
        stored_width: columns in the files, padding included.
        centre: the readout that the true images are of.
        scenes: how many the demo has.
        size: of the demo's scenes.
    """

    data: Annotated[
        str,
        _data(
            help="A folder: X.dat (.npy, .npz) beside X.png, or spike/X.dat and gt/X.png, or those "
            "two in its test/. Or 'demo': procedural scenes made on the spot.",
            metavar="FOLDER",
        ),
    ]
    height: Annotated[int | None, _data(help="Rows of a readout; else the sidecar's.")] = None
    width: Annotated[int | None, _data(help="Columns of a readout; else the sidecar's.")] = None
    gain: Annotated[
        float | None,
        _data(help="Spikes a readout at intensity 1; else the sidecar's, else 1; demo: 0.6."),
    ] = None
    no_flip: Annotated[bool, _data("--no-flip", help="The top row of a .dat is stored first.")] = (
        False
    )
    bit_order: Annotated[
        BitOrder | None, _data(help="Which bit of a .dat's byte is its first pixel; else little.")
    ] = None
    stored_width: Annotated[
        int | None, _data(help="Columns in the files, if those beyond the width are padding.")
    ] = None
    centre: Annotated[
        int | None,
        _data(
            help="Readout (from 0) that the true images are of, where names do not end in "
            "_key_idK (the K-th, from 1); default: the middle one."
        ),
    ] = None
    scenes: Annotated[int | None, _data(help="How many the demo has; default: 4.", min=1)] = None
    size: Annotated[
        str | None, _data(help="Of the demo's scenes; default: 160x240.", metavar="SIZE")
    ] = None

    def open(self) -> "tuple[int, Iterator[Sample], str]":
        """Number of samples, the samples, each opened when it is asked for, and what they are.

        Raises:
            ValueError: if options do not fit one another, or the folder is not what it should be.
        """
        return self._open_demo() if self.data == DEMO else self._open_folder()

    def _open_demo(self) -> "tuple[int, Iterator[Sample], str]":
        from spikejax.inference import evaluation_data as data

        for name in ("height", "width", "bit_order", "stored_width", "centre"):
            if getattr(self, name) is not None:
                raise ValueError(f"--{name.replace('_', '-')}: has no meaning with --data demo")
        height, width = parse_size(self.size or "160x240", "--size")
        if not (48 <= height <= 2000 and 48 <= width <= 2000):
            raise ValueError(
                f"--size: expected 48x48 to 2000x2000 for the demo, got {height}x{width}"
            )
        count = 4 if self.scenes is None else self.scenes
        gain = data.DEMO_GAIN if self.gain is None else self.gain
        if not 0 < gain <= 1:
            raise ValueError(f"--gain: expected more than 0 and at most 1 for the demo, got {gain}")
        scenes = "1 procedural scene" if count == 1 else f"{count} procedural scenes"
        seeds = "seed 0" if count == 1 else f"seeds 0 to {count - 1}"
        what = (
            f"{scenes} of spikejax.datasets.demo_scene ({seeds}, "
            f"{data.DEMO_READOUTS} readouts of {height}x{width}), spikes by the simulated sensor "
            f"'ideal' without noise, gain {gain:g}: for trying out, no published benchmark"
        )
        return count, data.demo_samples(count, height, width, gain=gain), what

    def _open_folder(self) -> "tuple[int, Iterator[Sample], str]":
        from spikejax.inference import evaluation_data as data

        for name in ("scenes", "size"):
            if getattr(self, name) is not None:
                raise ValueError(f"--{name}: only with --data demo")
        pairs = data.find_pairs(self.data, centre=self.centre)
        images = "1 image" if len(pairs) == 1 else f"{len(pairs)} images"
        what = f"{images} of {self.data}, {self._gains(pairs)}"
        return len(pairs), data.open_pairs(pairs, self._recording), what

    def _gains(self, pairs: "list[Pair]") -> str:
        """Says where the gains come from: a wrong one spoils every number."""
        from spikejax.formats import read_sidecar, sidecar_path

        if self.gain is not None:
            return f"gain {self.gain:g}"
        paths = [pair.recording for pair in pairs]
        told = [p for p in paths if sidecar_path(p).exists() and read_sidecar(p).gain is not None]
        if len(told) == len(paths):
            return "gains of the sidecars"
        return f"gain 1 for the {len(paths) - len(told)} where neither --gain nor a sidecar says it"

    def _recording(self, path: Path) -> "Recording":
        return RecordingFile(
            path,
            self.height,
            self.width,
            None,
            self.gain,
            self.no_flip,
            self.bit_order,
            self.stored_width,
        ).open()


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
            "--table paper.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help=f"Folder for {', '.join(_FILES)}.", metavar="DIR", show_default=False),
    ] = None,
    device: DeviceOption = None,
) -> None:
    """Compare methods on recordings whose true images are known.

    PSNR, SSIM, LPIPS, NIQE, BRISQUE with confidence intervals over the images, and what each method
    costs. Every number's definition is named below the table.

    \b
    [dim]Examples:[/]
      spikejax evaluate --data demo
      spikejax evaluate --data clips/ --height 250 --width 400 --gain 0.6 -m tfp -m tfp:21 -m tfi
      spikejax evaluate --data REDS_BASE --height 250 --width 400 --gain 0.6 --table paper \\
        --published reds_base --weights stir=stir.pth --out results/
    """
    if published is not None and (table is not TableKind.paper or data.data == DEMO):
        raise ValueError("--published: goes with --table paper and the published dataset itself")
    with computing_on(device):
        count, samples, what = data.open()
        candidates = _candidates(method, weights)
        if out is None:
            shown = _run(candidates, samples, count, what, table, published, lambda _: None)
        else:
            with folder_for_results(out):
                shown = _run_into(out, candidates, samples, count, what, table, published)
    print(shown.markdown(), end="")
    if out is not None:
        print(f"\n{out}: {', '.join(_FILES)}")


def _candidates(methods: list[str] | None, files: list[str] | None) -> "list[Candidate]":
    from spikejax import inference, weights
    from spikejax.inference.evaluation import Candidate

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
            found.append(Candidate(name, label=label, weights=path, window=readouts))
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


def _run(
    candidates: "list[Candidate]",
    samples: "Iterator[Sample]",
    count: int,
    what: str,
    kind: TableKind,
    published: Dataset | None,
    keep: "Callable[[Score], None]",
) -> "Table":
    from spikejax.inference import evaluation, evaluation_cost, evaluation_measures
    from spikejax.inference.evaluation_published import PUBLISHED
    from spikejax.inference.evaluation_report import PAPER_SIZE, report

    measures = evaluation_measures.measures()
    summary = evaluation.Summary()
    size = (0, 0)

    def noting_size() -> "Iterator[Sample]":
        nonlocal size
        for sample in samples:
            size = size if any(size) else sample.truth.shape
            yield sample

    scores = evaluation.evaluate(noting_size(), candidates, measures)
    for score in track(scores, "evaluating", count * len(candidates)):
        summary.add(score)
        keep(score)
    paper = kind is TableKind.paper
    size = PAPER_SIZE if paper else size
    costs = {
        candidate.label: evaluation_cost.measure_cost(
            candidate, *size, repeats=0 if paper else _REPEATS
        )
        for candidate in track(candidates, "measuring costs", len(candidates))
    }
    return report(
        what,
        candidates,
        measures,
        summary,
        costs,
        size=size,
        paper=paper,
        published=None if published is None else PUBLISHED[published.value],
    )


def _run_into(
    out: Path,
    candidates: "list[Candidate]",
    samples: "Iterator[Sample]",
    count: int,
    what: str,
    kind: TableKind,
    published: Dataset | None,
) -> "Table":
    """As `_run`, with the scores of every image and the tables in files."""
    import csv

    from spikejax.formats import replacing
    from spikejax.inference.evaluation_measures import measures

    names = [measure.name for measure in measures()]
    per_image = out / _FILES[-1]
    with replacing(per_image) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", "centre", "method", *names])

        def keep(score: "Score") -> None:
            values = [score.values.get(name) for name in names]
            shown = ["" if v is None or v != v else repr(v) for v in values]  # NaN is no number
            writer.writerow([score.sample, score.centre, score.method, *shown])

        table = _run(candidates, samples, count, what, kind, published, keep)
    texts = (table.markdown(), table.csv(), table.latex())
    for name, text in zip(_FILES, texts, strict=False):
        with replacing(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return table
