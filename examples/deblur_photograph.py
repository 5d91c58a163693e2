"""Moves a photograph before two cameras, blurs it, and makes it sharp again by its spikes.

    python examples/deblur_photograph.py PHOTOGRAPH.jpg --out deblurred/

Without a PHOTOGRAPH it takes one of scikit-image's, of an astronaut. A view moves over it and turns
a little; an ordinary camera exposes for 97 readouts, a spike camera with the noise that S-SDM
simulates, and a quarter of the rows and columns, films the same light. As every true image is
known, the sheet that this leaves says the PSNR of the photograph, of the spikes alone (TFP), and of
what the deblurring model makes of both: without a network (SDM), with networks that clean and
enlarge the spikes (teacher), and as one small network (student).

Stored values are taken for light, as in the published data, so that what is written looks as the
photograph does. The folder holds the pair too, for `spikejax deblur`.

At the defaults, in half a minute of computing on one core: 16.4 dB for the photograph, which is
blurred by 24 pixels, and 21.8 dB for SDM, each the mean of the first moment, the middle and the
last. What the networks reach depends on their weights.
"""

import argparse
from pathlib import Path

import jax
import numpy as np

from spikejax import weights
from spikejax.camera import SENSORS, ExposureTiming, to_grey
from spikejax.camera.interpolation import mean_of_cells
from spikejax.datasets import expose_and_spike, moving_photograph
from spikejax.deblur.input import Pair
from spikejax.deblur.sheet import deblur_sheet, playback
from spikejax.formats import read_image, write_dat, write_image, write_video
from spikejax.metrics import psnr

EXPOSURE = ExposureTiming()
DIRECTION = 0.3  # radians from the rows
TURN = 0.03  # radians, during the exposure
LARGE = 512  # pixels of the shorter side from which a photograph is shrunk
NETWORKS = {"sdm": (), "teacher": ("bsn", "edsr"), "student": ("ldn",)}


def film(key, photograph, blur, size):
    """The pair of a moving view, and its true frames.

    Args:
        key: of the spike camera's noise.
        photograph: (H, W, 3) float32, light.
        blur: pixels that the view moves during the exposure.
        size: rows and columns of the view at most.
    """
    shrink = max(1, min(photograph.shape[:2]) // LARGE)
    rows, columns = (n // shrink * shrink for n in photograph.shape[:2])
    photograph = np.asarray(mean_of_cells(photograph[None, :rows, :columns], shrink)[0])
    step = np.array([np.cos(DIRECTION), np.sin(DIRECTION)]) * blur / EXPOSURE.readouts
    turn = TURN / EXPOSURE.readouts
    half = EXPOSURE.length // 2 + 1
    reach = half * np.abs(step[::-1]) + half * turn * max(photograph.shape) / 2 + 1
    room = [int(n - 2 * r) for n, r in zip(photograph.shape[:2], reach, strict=True)]
    view = tuple(min(size, n) // 8 * 8 for n in room)
    if min(view) < 32:
        raise ValueError(
            f"a view that moves by {blur:g} pixels leaves the photograph of "
            f"{photograph.shape[0]}x{photograph.shape[1]}; take a larger one or a smaller --blur"
        )
    frames = moving_photograph(
        photograph, velocity=tuple(step), rotation=turn, size=view, readouts=EXPOSURE.length
    )
    blurry, spikes = expose_and_spike(key, frames, SENSORS["ssdm"])
    return Pair(np.asarray(blurry), np.asarray(spikes), EXPOSURE), frames


def astronaut():
    """(512, 512, 3) uint8, which scikit-image brings along."""
    try:
        from skimage import data
    except ImportError:
        raise ValueError(
            "needs scikit-image for a photograph (pip install scikit-image), or one of yours"
        ) from None
    return np.float32(data.astronaut()) / 255


def main(argv=None):
    """Films, deblurs and compares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photograph", type=Path, nargs="?", help="PNG or JPEG")
    parser.add_argument("--out", type=Path, default=Path("deblurred"))
    parser.add_argument("--blur", type=float, default=24.0, help="pixels during the exposure")
    parser.add_argument("--size", type=int, default=448, help="rows and columns at most")
    parser.add_argument("--weights", action="append", default=[], metavar="NAME=FILE")
    args = parser.parse_args(argv)
    try:
        image = astronaut() if args.photograph is None else read_image(args.photograph)
        image = np.stack([image] * 3, -1) if image.ndim == 2 else image
        named = dict(text.split("=", 1) for text in args.weights)
        given = {name: weights.load_any(name, path) for name, path in named.items()}
        pair, frames = film(jax.random.key(0), image, args.blur, args.size)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    have = {*given, *weights.available()}
    methods = [name for name, needed in NETWORKS.items() if have.issuperset(needed)]

    args.out.mkdir(parents=True, exist_ok=True)
    write_image(args.out / "blur.png", pair.photograph)
    facts = {"gain": float(SENSORS["ssdm"].gain), "rate_hz": 1920.0, "sensor": "simulated, ssdm"}
    write_dat(args.out / "spikes.dat", pair.spikes, sidecar=facts)

    times, moments = EXPOSURE.times(13), EXPOSURE.times(3)
    truths = [np.asarray(frames[time]) for time in moments]
    images = {}
    for method in methods:
        networks = {name: given[name] for name in NETWORKS[method] if name in given}
        wanted = times if method == methods[-1] else moments
        made = dict(pair.frames(method, networks, wanted, dtype=np.float32))
        images[method] = [made[time] for time in moments]
    write_video(args.out / "sharp.mp4", (made[time] for time in times), fps=10)
    picture = deblur_sheet(pair, moments, images, truths)
    write_image(args.out / "sheet.png", picture)

    grey = [to_grey(truth) for truth in truths]
    scores = {
        "blurry photograph": mean_psnr([pair.photograph] * 3, truths),
        "TFP, grey": mean_psnr(playback(pair, moments), grey),
        **{method: mean_psnr(shown, truths) for method, shown in images.items()},
    }
    print("mean PSNR of the first, the middle and the last moment")
    for name, score in scores.items():
        print(f"  {name:20}{score:6.2f} dB")
    for name in NETWORKS.keys() - set(methods):
        print(f"  {name}: left out, its weights do not ship; give --weights NAME=FILE")
    print(f"picture: {args.out / 'sheet.png'}\nvideo:   {args.out / 'sharp.mp4'}, {methods[-1]}")
    print(f"again:   spikejax deblur {args.out / 'blur.png'} {args.out / 'spikes.dat'} -o sharp/")
    return scores


def mean_psnr(images, truths):
    """In dB, over some images that are clipped as they are shown."""
    pairs = zip(images, truths, strict=True)
    return float(np.mean([psnr(np.clip(image, 0, 1), truth) for image, truth in pairs]))


if __name__ == "__main__":
    main()
