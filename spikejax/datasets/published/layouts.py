"""File layouts and properties of the published datasets.

Gains and rates are those that the data were simulated with. A sidecar beside a file, as from
`spikejax simulate`, takes precedence.
"""

import dataclasses
import itertools
import re
from collections.abc import Callable
from pathlib import Path

from spikejax.camera import SENSORS
from spikejax.camera.conventions import SCALE, STRIDE
from spikejax.datasets.published.blur_pairs import TREE, files_of_blur_pairs, splits_of
from spikejax.datasets.published.clips import ClipFiles, files_of_pairs
from spikejax.formats.scene_folder import BLUR_DATA, SHARP_DATA, SPIKE_DATA

Splits = dict[str, list[ClipFiles]]


@dataclasses.dataclass(frozen=True)
class Layout:
    """A published dataset.

    Attributes:
        title: description in one sentence.
        tree: files expected in the manual directory, in one line.
        homepage: web page of the publisher.
        citation: paper, as BibTeX.
        find: function from the manual directory to the clips of each existing split.
        images: whether there are sharp images.
        blur: whether there are blurry photographs.
        colour: whether images have three channels.
    """

    title: str
    tree: str
    homepage: str
    citation: str
    find: Callable[[Path], Splits]
    images: bool = True
    blur: bool = False
    colour: bool = False


def find_clips(name: str, manual_dir: str | Path) -> Splits:
    """Finds the clips of a published dataset.

    Args:
        name: a key of `LAYOUTS`.
        manual_dir: folder of its unpacked files.

    Returns:
        The clips of each split, sorted by name.

    Raises:
        OSError: if a folder or a file is missing; the message names it and the layout.
        ValueError: if a file or its name is invalid.
    """
    layout, manual_dir = LAYOUTS[name], Path(manual_dir)
    try:
        if not manual_dir.is_dir():
            raise FileNotFoundError(f"{manual_dir}: no such folder")
        splits = layout.find(manual_dir)
    except (OSError, ValueError) as error:
        kind = type(error) if isinstance(error, OSError) else ValueError
        raise kind(f"{error}; {name} expects {layout.tree}") from None
    return {split: sorted(clips, key=lambda c: c.name) for split, clips in splits.items()}


def _sreds(base: Path) -> Splits:
    splits: Splits = {}
    for split, part in (("train", "train"), ("validation", "val")):
        spikes, images = base / "spike" / part, base / "imgs" / part
        if spikes.is_dir():
            splits[split] = _scenes(spikes, images)
    crops = base / "crop_mini"
    if crops.is_dir():
        splits["crop_mini"] = _scenes(crops / "spike" / "train", crops / "image" / "train")
    return splits or _none_of(base / "spike" / "train", base / "spike" / "val", crops)


def _scenes(spikes: Path, images: Path) -> list[ClipFiles]:
    """Finds scenes of SREDS: files of 20 readouts; image k shows the last readout before file k."""
    image_files = _folders(images, "*.png")
    clips = []
    for scene, recordings in _folders(spikes, "*.dat").items():
        if scene not in image_files:
            raise FileNotFoundError(f"{images}: has no images of the scene {scene}")
        for path, after in itertools.pairwise(recordings):
            if int(after.stem) != int(path.stem) + 1:
                raise FileNotFoundError(f"{path}: the next file is {after.name}; one is missing")
        frames = {int(p.stem) - int(recordings[0].stem): p for p in image_files[scene]}
        # Frame 0 precedes the first readout.
        kept = [k for k in sorted(frames) if 1 <= k <= len(recordings)]
        clips.append(
            ClipFiles(
                name=scene.replace("/", "_"),
                recordings=tuple(recordings),
                images=tuple(frames[k] for k in kept),
                centres=tuple(STRIDE * k - 1 for k in kept),
                gain=float(SENSORS["sreds"].gain),
                rate_hz=120.0 * STRIDE,
                readouts=STRIDE,
            )
        )
    return clips


def _folders(base: Path, pattern: str) -> dict[str, list[Path]]:
    """Finds the files of each scene below a folder; a level that names the method is skipped."""
    if not base.is_dir():
        raise FileNotFoundError(f"{base}: no such folder")
    files: dict[str, list[Path]] = {}
    for path in sorted(base.rglob(pattern)):
        parts = path.parent.relative_to(base).parts
        if parts and parts[0].startswith("interp_") and parts[0] != "interp_20_alpha_0.40":
            continue
        skip = bool(parts) and (parts[0].startswith("interp_") or parts[0].endswith("_orig"))
        if not re.fullmatch("[0-9]+", path.stem):
            raise ValueError(f"{path}: expected a name of digits, NNNNNNNN{path.suffix}")
        files.setdefault("/".join(parts[skip:]), []).append(path)
    if not files:
        raise FileNotFoundError(f"{base}: holds no {pattern}")
    return files


def _reds_base(base: Path) -> Splits:
    parts = [part for part in ("train", "test") if (base / part).is_dir()]
    splits: Splits = {}
    for part in parts:
        for folder in (base / part / "spike", base / part / "gt"):
            if not folder.is_dir():
                raise FileNotFoundError(f"{folder}: no such folder")
        splits[part] = files_of_pairs(base / part, gain=float(SENSORS["reds_base"].gain))
    return splits or _none_of(base / "train", base / "test")


def _spike_gopro(base: Path) -> Splits:
    gain = float(SENSORS["ssdm"].gain)
    parts = [part for part in ("train", "test") if (base / part).is_dir()]
    splits = {
        part: _photographs(base / part, ".png", sharp=True, gain=gain, rate_hz=240.0 * 8)
        for part in parts
    }
    return splits or _none_of(base / "train", base / "test")


def _spike_rsb(base: Path) -> Splits:
    parts = [part for part in ("train", "test") if (base / part).is_dir()]
    if parts:
        return {part: _photographs(base / part, ".jpg", sharp=False) for part in parts}
    return {"train": _photographs(base, ".jpg", sharp=False)}


def _photographs(
    base: Path,
    suffix: str,
    *,
    sharp: bool,
    gain: float | None = None,
    rate_hz: float | None = None,
) -> list[ClipFiles]:
    """Finds recordings of one exposure each, with a photograph and optionally a sharp image."""
    kinds = (SPIKE_DATA, BLUR_DATA, *((SHARP_DATA,) if sharp else ()))
    for kind in kinds:
        if not (base / kind).is_dir():
            raise FileNotFoundError(f"{base / kind}: no such folder")
    recordings = sorted((base / SPIKE_DATA).glob("*/*.dat"))
    if not recordings:
        raise FileNotFoundError(f"{base / SPIKE_DATA}: holds no SCENE/*.dat")
    clips = []
    for path in recordings:
        scene = path.parent.name
        blur, image = (
            base / kind / scene / f"{path.stem}{suffix}" for kind in (BLUR_DATA, SHARP_DATA)
        )
        for needed in (blur, *((image,) if sharp else ())):
            if not needed.is_file():
                raise FileNotFoundError(f"{needed}: no such file, but there is {path}")
        clips.append(
            ClipFiles(
                name=f"{scene}_{path.stem}",
                recordings=(path,),
                images=(image,) if sharp else (),
                centres=(None,) if sharp else (),
                blur=blur,
                gain=gain,
                rate_hz=rate_hz,
                scale=SCALE,
                colour=True,
            )
        )
    return clips


def _none_of(*folders: Path) -> Splits:
    names = ", ".join(str(folder) for folder in folders[1:])
    raise FileNotFoundError(f"{folders[0]}: no such folder, nor {names}")


_STIR = """@inproceedings{fan2024stir,
  title={Spatio-Temporal Interactive Learning for Efficient Image Reconstruction of Spiking
  Cameras}, author={Fan, Bin and Yin, Jiaoyang and Dai, Yuchao and Xu, Chao and Huang, Tiejun and
  Shi, Boxin},
  booktitle={NeurIPS}, year={2024}}"""
_SPIKE_ZOO = """@misc{spikezoo, title={Spike-Zoo: a toolbox for spike-to-image reconstruction},
  author={Chen, Kang and others}, howpublished={https://github.com/chenkang455/Spike-Zoo}}"""
_S_SDM = """@inproceedings{chen2024spikereveal,
  title={SpikeReveal: Unlocking Temporal Sequences from Real Blurry Inputs with Spike Streams},
  author={Chen, Kang and Chen, Shiyan and Zhang, Jiyuan and Zhang, Baoyue and Zheng, Yajing and
  Huang, Tiejun and Yu, Zhaofei}, booktitle={NeurIPS}, year={2024}}"""

LAYOUTS = {
    "sreds": Layout(
        "REDS at 120 frames per second, interpolated 20 times, as spikes at gain 0.4 (STIR).",
        "spike/{train,val}/interp_20_alpha_0.40/SCENE/NNNNNNNN.dat of 20 readouts each with "
        "imgs/{train,val}/{train,val}_orig/SCENE/NNNNNNNN.png, and/or the same of the crops in "
        "crop_mini/{spike,image}/train/...",
        "https://github.com/GitCVfb/STIR",
        _STIR,
        _sreds,
    ),
    "reds_base": Layout(
        "Clips of REDS as spikes at gain 0.6, with the sharp image of one readout (Spike-Zoo).",
        "{train,test}/spike/NAME_key_idK.dat with {train,test}/gt/NAME_key_idK.png",
        "https://github.com/chenkang455/Spike-Zoo",
        _SPIKE_ZOO,
        _reds_base,
    ),
    "spike_gopro": Layout(
        "GOPRO as blurry and sharp photographs, with spikes at a quarter of their size (S-SDM).",
        f"{{train,test}}/{{{SPIKE_DATA},{BLUR_DATA},{SHARP_DATA}}}/SCENE/NNNNNN.dat and .png",
        "https://github.com/chenkang455/S-SDM",
        _S_SDM,
        _spike_gopro,
        blur=True,
        colour=True,
    ),
    "spike_rsb": Layout(
        "Real blurry photographs with the spikes of the same exposures (RSB, S-SDM).",
        f"{SPIKE_DATA}/SCENE/NAME.dat with {BLUR_DATA}/SCENE/NAME.jpg",
        "https://github.com/chenkang455/S-SDM",
        _S_SDM,
        _spike_rsb,
        images=False,
        blur=True,
        colour=True,
    ),
    "recordings": Layout(
        "User recordings with the sharp image of one readout.",
        "X.dat (.npy, .npz) beside X.png, or the folders spike and gt",
        "",
        "",
        lambda base: {"train": files_of_pairs(base)},
    ),
    "pairs": Layout(
        "User blurry photographs with the spikes of their exposures.",
        f"{TREE}; or the same in train and test",
        "",
        "",
        lambda base: {part: files_of_blur_pairs(base, split=part) for part in splits_of(base)},
        images=False,
        blur=True,
        colour=True,
    ),
}
