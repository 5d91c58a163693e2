"""Measures the fixed pattern of a spike camera from recordings of flat, known light.

    python examples/calibrate_sensor.py --out calibration/

A pixel fires (gain prnu I + dark) / threshold times per readout. The rates in light I determine two
maps: the response gain prnu / threshold (the slope over I) and dark / threshold (the rate in the
dark). These two are sufficient to correct images. Light alone does not determine the three maps
themselves, because prnu, dark and threshold times the same factor give the same spikes. Shot noise
could determine them in principle, because it depends on electrons and not on thresholds. But it
changes the variance of counts by 2e-5 of the count, and resolving a few per cent of that takes
about 5000 windows of 100,000 spikes each. A known charge that bypasses the photodiode separates the
maps: injected into every pixel at every readout (a test input, which sensors have for production),
it increases the rate by charge / threshold.

The camera is the simulated preset `vidar`, so the true maps are known. The table lists the errors
(rms over 64x64 pixels) after 0.2 s each of four levels of light, of the dark and of the injected
charge. It takes 10 s on one core.

| map | spread over the pixels | error |
|---|---|---|
| prnu / threshold | 0.0731 | 0.00014 |
| dark / threshold, spikes per readout | 0.0018 | 0.00003 |
| prnu | 0.0586 | 0.00024 |
| dark, thresholds per readout | 0.0018 | 0.00003 |
| threshold | 0.0446 | 0.00022 |
| threshold from light alone, assuming prnu 1 | 0.0446 | 0.0595 |

The first two maps correct the mean of 200 readouts of a scene from 31.8 to 53.8 dB. The largest
errors of the dark map are at pixels that fire less than twice in 0.2 s of darkness.
"""

import argparse
import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from spikejax.camera import SENSORS, Pattern, Sensor, simulate, simulate_stream
from spikejax.formats import write_image
from spikejax.pictures.sheet import Panel, sheet

LEVELS = (0.0, 0.15, 0.3, 0.45, 0.6)  # intensities; the first is the dark
CHARGE = 0.4  # injected per readout, in mean thresholds
CHUNK = 500  # readouts per piece of the simulation


def rates(key: jax.Array, light: float, sensor: Sensor, pattern: Pattern, readouts: int, size: int):
    """Returns the spikes per readout in flat light, (size, size).

    A pixel's rate is measured from its first to its last spike, so the error of a rate r is about
    r / readouts, not 1 / readouts.
    """
    scene = jnp.full((CHUNK, size, size), light)
    pieces = simulate_stream(
        key, (scene for _ in range(readouts // CHUNK)), sensor, pattern=pattern
    )
    count = np.zeros((size, size))
    first = np.full((size, size), readouts)
    last = np.zeros((size, size))
    for i, piece in enumerate(pieces):
        spikes = np.asarray(piece)
        fired = spikes.any(0)
        count += spikes.sum(0)
        first = np.where(fired, np.minimum(first, i * CHUNK + spikes.argmax(0)), first)
        last = np.where(fired, (i + 1) * CHUNK - 1 - spikes[::-1].argmax(0), last)
    return np.where(count > 1, (count - 1) / np.maximum(last - first, 1), 0.0)


def calibrate(measured, dark_rate, injected):
    """Computes the maps from rates.

    Args:
        measured: (L, H, W) rates at the levels of light.
        dark_rate: (H, W) rates in the dark.
        injected: (H, W) rates with the injected charge.

    Returns:
        response and dark / threshold, which follow from light alone, then prnu, dark, threshold.
    """
    light = np.array(LEVELS[1:])[:, None, None]
    # Least squares through the rate in the dark, which is much more accurate than the others.
    response = (light * (measured - dark_rate)).sum(0) / (light**2).sum()
    threshold = CHARGE / (injected - dark_rate)
    return response, dark_rate, response * threshold, dark_rate * threshold, threshold


def main(argv=None):
    """Calibrates a simulated camera, prints the errors and writes two images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("calibration"))
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument(
        "--readouts", type=int, default=4000, help="per recording; 4000 are 0.2 s at 20 kHz"
    )
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    if args.readouts < CHUNK or args.readouts % CHUNK:
        parser.error(f"--readouts: expected a multiple of {CHUNK}, got {args.readouts}")
    args.out.mkdir(parents=True, exist_ok=True)
    keys = jax.random.split(jax.random.key(args.seed), len(LEVELS) + 3)
    vidar = SENSORS["vidar"]
    pattern = vidar.pattern(keys[-1], (args.size, args.size))

    def film(key, light, maps=pattern):
        print(f"recording {args.readouts} readouts of light {light:g}", flush=True)
        return rates(key, light, vidar, maps, args.readouts, args.size)

    dark_rate, *measured = (film(k, light) for k, light in zip(keys, LEVELS, strict=False))
    # The injected charge bypasses the photodiode, so it is the same for every pixel.
    injected = film(keys[-2], CHARGE, dataclasses.replace(pattern, prnu=1.0))
    response, ratio, prnu, dark, threshold = calibrate(np.stack(measured), dark_rate, injected)

    prnu_true, dark_true, threshold_true = map(
        np.asarray, (pattern.prnu, pattern.dark, pattern.threshold)
    )
    maps = {
        "response": (response, prnu_true / threshold_true),
        "dark / threshold": (ratio, dark_true / threshold_true),
        "prnu": (prnu, prnu_true),
        "dark": (dark, dark_true),
        "threshold": (threshold, threshold_true),
        "threshold, prnu taken for 1": (1 / response, threshold_true),
    }
    errors = {}
    print("\nmap                            spread   error (rms)   largest")
    for name, (estimate, true) in maps.items():
        error = estimate - true
        errors[name] = float(np.sqrt(np.mean(error**2)))
        print(f"{name:28}{true.std():9.5f}{errors[name]:14.6f}{np.abs(error).max():10.6f}")

    panels = [
        Panel((x - true.mean()) / (6 * true.std()) + 0.5, f"{label} {name}", note)
        for name, (estimate, true) in list(maps.items())[2:5]
        for x, label, note in (
            (true, "true", f"sd {true.std():.4f}"),
            (estimate, "estimated", f"rms error {errors[name]:.1e}"),
            (true.mean() + 20 * (estimate - true), "error", "20 times"),
        )
    ]
    write_image(args.out / "maps.png", sheet(panels, columns=3, scale=_scale(args.size)))
    psnr = _write_correction(args, keys[-3], pattern, response, dark_rate)
    print(f"\na scene as the mean of 200 readouts: {psnr[0]:.2f} dB, corrected {psnr[1]:.2f} dB")
    print(f"images: {args.out / 'maps.png'}, {args.out / 'correction.png'}")
    return errors, psnr


def _write_correction(args, key, pattern, response, dark_rate):
    """Writes a simulated scene before and after correction by the two maps; returns its PSNR."""
    y, x = np.mgrid[: args.size, : args.size] / args.size
    scene = (0.3 + 0.2 * np.sin(7 * x) * np.cos(5 * y) + 0.05 * (x > y)).astype(np.float32)
    readouts = jnp.broadcast_to(scene, (200, *scene.shape))
    raw = np.asarray(simulate(key, readouts, SENSORS["vidar"], pattern=pattern)).mean(0)
    corrected = (raw - dark_rate) / response
    psnr = [-10 * np.log10(np.mean((image - scene) ** 2)) for image in (raw, corrected)]
    panels = [
        Panel(raw / 0.6, "mean of 200 readouts", f"{psnr[0]:.2f} dB"),
        Panel(corrected / 0.6, "corrected", f"{psnr[1]:.2f} dB"),
        Panel(scene / 0.6, "truth"),
    ]
    write_image(args.out / "correction.png", sheet(panels, scale=_scale(args.size)))
    return psnr


def _scale(size):
    return max(1, round(288 / size))


if __name__ == "__main__":
    main()
