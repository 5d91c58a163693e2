"""Blurs a moving photograph in two simulated cameras, and deblurs it with its spikes.

    python examples/deblur_photograph.py PHOTOGRAPH.jpg --out deblurred/

The default photograph is scikit-image's astronaut. A view moves over it and turns slightly. An
ordinary camera exposes for 97 readouts; a spike camera with the noise of S-SDM's simulator and a
quarter of the rows and columns films the same light. Every true image is known, so the sheet states
the PSNR of the photograph, of the spikes alone (TFP), and of three deblurring methods: without
networks (SDM), with networks that clean and enlarge the spikes (teacher), and with one small
network (student).

Stored values are read as linear light, as in the published data, so that results look like the
photograph. The folder also holds the photograph and the spikes, for `spikejax deblur`.

With the defaults, in half a minute on one core: 16.4 dB for the photograph, which is blurred by
24 pixels, and 21.8 dB for SDM, each the mean of the first, the middle and the last moment. The
scores of the networks depend on their weights.
"""

import argparse
from pathlib import Path

import jax
import numpy as np

from spikejax import weights
from spikejax.camera import SENSORS, ExposureTiming, to_grey
from spikejax.camera.interpolation import mean_of_cells
from spikejax.datasets import expose_and_spike, moving_photograph
from spikejax.deblur import METHODS, DeblurInput
from spikejax.deblur.sheet import deblur_sheet, playback
from spikejax.formats import read_image, write_dat, write_image, write_video
from spikejax.metrics import psnr

EXPOSURE = ExposureTiming()
DIRECTION = 0.3  # radians from the rows
TURN = 0.03  # radians, during the exposure
LARGE = 512  # a photograph whose shorter side has twice as many pixels is shrunk
COMPARED = ("sdm", "teacher", "student")


def film(key, photograph, blur, size):
    """Returns the photograph and the spikes of a moving view, and its true frames.

    Args:
        key: random key of the spike camera's noise.
        photograph: (H, W, 3) float32, light.
        blur: pixels that the view moves during the exposure.
        size: the largest number of rows and columns of the view.
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
    return DeblurInput(np.asarray(blurry), np.asarray(spikes), EXPOSURE), frames


def astronaut():
    """Returns scikit-image's photograph, (512, 512, 3) float32."""
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
    parser.add_argument("--size", type=int, default=448, help="largest number of rows and columns")
    parser.add_argument("--weights", action="append", default=[], metavar="NAME=FILE")
    args = parser.parse_args(argv)
    try:
        image = astronaut() if args.photograph is None else read_image(args.photograph)
        image = np.stack([image] * 3, -1) if image.ndim == 2 else image
        files = dict(text.split("=", 1) for text in args.weights)
        networks = {name: weights.resolve(name, path) for name, path in files.items()}
        source, frames = film(jax.random.key(0), image, args.blur, args.size)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    available = {*networks, *weights.available()}
    methods = [name for name in COMPARED if not METHODS[name].missing(available)]

    args.out.mkdir(parents=True, exist_ok=True)
    write_image(args.out / "blur.png", source.photograph)
    facts = {"gain": float(SENSORS["ssdm"].gain), "rate_hz": 1920.0, "sensor": "simulated, ssdm"}
    write_dat(args.out / "spikes.dat", source.spikes, sidecar=facts)

    times, moments = EXPOSURE.times(13), EXPOSURE.times(3)
    truths = [np.asarray(frames[time]) for time in moments]
    images = {}
    for method in methods:
        own = {name: networks[name] for name in METHODS[method].networks if name in networks}
        wanted = times if method == methods[-1] else moments
        sequence = dict(source.frames(method, wanted, weights=own))
        images[method] = [sequence[time] for time in moments]
    write_video(args.out / "sharp.mp4", (sequence[time] for time in times), fps=10)
    picture = deblur_sheet(source, moments, images, truths)
    write_image(args.out / "sheet.png", picture)

    grey = [to_grey(truth) for truth in truths]
    scores = {
        "blurry photograph": mean_psnr([source.photograph] * 3, truths),
        "TFP, grey": mean_psnr(playback(source, moments), grey),
        **{method: mean_psnr(sequence, truths) for method, sequence in images.items()},
    }
    print("mean PSNR of the first, the middle and the last moment")
    for name, score in scores.items():
        print(f"  {name:20}{score:6.2f} dB")
    for name in set(COMPARED) - set(methods):
        print(f"  {name}: left out, its weights do not ship; give --weights NAME=FILE")
    print(f"picture: {args.out / 'sheet.png'}\nvideo:   {args.out / 'sharp.mp4'}, {methods[-1]}")
    print(f"again:   spikejax deblur {args.out / 'blur.png'} {args.out / 'spikes.dat'} -o sharp/")
    return scores


def mean_psnr(images, truths):
    """Returns the mean PSNR in dB of images clipped to [0, 1]."""
    pairs = zip(images, truths, strict=True)
    return float(np.mean([psnr(np.clip(image, 0, 1), truth) for image, truth in pairs]))


if __name__ == "__main__":
    main()
