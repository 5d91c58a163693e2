"""Opening of recordings: `open_recording`."""

from pathlib import Path

from spikejax.formats.arrays import open_array
from spikejax.formats.atomic import require_regular_file
from spikejax.formats.dat import DatFile, DatLayout, fitting_sizes
from spikejax.formats.errors import FormatError
from spikejax.formats.recording import ReadoutSource, Recording
from spikejax.formats.sidecar import Sidecar, read_sidecar, read_spikecv_config, sidecar_path


def open_recording(
    path: str | Path,
    height: int | None = None,
    width: int | None = None,
    *,
    rate_hz: float | None = None,
    gain: float | None = None,
    flip: bool | None = None,
    bit_order: str | None = None,
    stored_width: int | None = None,
    time_axis: str = "first",
    key: str | None = None,
) -> Recording:
    """Opens a recording; readouts are read from the file when they are indexed.

    Arguments that are None are taken from the sidecar NAME.json beside the file, then, for the size
    of a .dat, from a SpikeCV `config.yaml` in its folder, then from the defaults. .dat files, .npy
    files and uncompressed .npz files are memory-mapped; a compressed .npz is loaded.

    Args:
        path: a .dat, .npy or .npz file.
        height: rows of a readout. Required for a .dat without sidecar; a check for arrays.
        width: columns of a readout. Required for a .dat without sidecar; a check for arrays.
        rate_hz: readouts per second; default 20000.
        gain: spikes per readout at intensity 1; default 1.
        flip: whether the bottom row is stored first; default True for .dat, False for arrays.
        bit_order: for a .dat: 'little' (default) if a byte's first pixel is its least significant
            bit, 'big' if it is its most significant bit.
        stored_width: columns in the file, if the columns beyond `width` are padding. Raw
            first-generation files have 416 for 400.
        time_axis: for an array: 'first' for (T, H, W), 'last' for (H, W, T).
        key: name of the array in a .npz; default `spikes`, or the only array.

    Returns:
        The recording.

    Raises:
        FileNotFoundError: if the file does not exist.
        OSError: if it is a directory or not readable.
        FormatError: if the size is missing or does not match, the file is empty, truncated or
            damaged, the sidecar is malformed or an option is out of range.
    """
    path = Path(path)
    options = Sidecar(
        height=height,
        width=width,
        rate_hz=rate_hz,
        gain=gain,
        flip=flip,
        bit_order=bit_order,
        stored_width=stored_width,
    )
    suffix = path.suffix.lower()
    require_regular_file(path, "a .dat, .npy or .npz recording")
    if suffix not in (".dat", ".npy", ".npz"):
        raise FormatError(f"{path}: expected a name that ends in .dat, .npy or .npz")
    beside = read_sidecar(path) if sidecar_path(path).exists() else Sidecar()
    source: ReadoutSource
    if suffix == ".dat":
        source = _open_dat(path, options, beside)
    else:
        # A sidecar's layout describes the .dat of the same name; arrays are upright.
        source = open_array(
            path,
            height=options.height or beside.height,
            width=options.width or beside.width,
            stored_width=options.stored_width,
            flip=bool(options.flip),
            time_axis=time_axis,
            key=key,
        )
    _require_readouts(path, source, beside)
    return Recording.described(source, options.over(beside), path)


def _open_dat(path: Path, options: Sidecar, beside: Sidecar) -> DatFile:
    facts = options.over(beside)
    config = path.with_name("config.yaml")
    if (facts.height is None or facts.width is None) and config.is_file():
        facts = facts.over(read_spikecv_config(config))
    if facts.height is None or facts.width is None:
        raise FormatError(
            f"{path}: a .dat does not contain its size; pass height= and width= "
            f"(or put them into {sidecar_path(path).name}); {fitting_sizes(path.stat().st_size)}"
        )
    layout = DatLayout(
        height=facts.height,
        width=facts.width,
        stored_width=facts.stored_width or 0,
        flip=facts.flip is not False,
        bit_order=facts.bit_order or "little",
    )
    return DatFile(path, layout)


def _require_readouts(path: Path, source: ReadoutSource, beside: Sidecar) -> None:
    """Checks the number of readouts against the sidecar, to detect files cut between readouts."""
    readouts, height, width = source.shape
    same_size = (height, width) == (beside.height or height, beside.width or width)
    if same_size and beside.readouts not in (None, readouts):
        raise FormatError(
            f"{path}: holds {readouts} readouts, but {sidecar_path(path).name} says "
            f"{beside.readouts} (truncated?)"
        )
