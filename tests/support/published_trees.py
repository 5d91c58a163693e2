"""Small file trees in the published layouts, with their contents."""

import numpy as np

from spikejax.formats import write_dat, write_image


def spikes_of(rng, readouts, height, width):
    return (rng.random((readouts, height, width)) < 0.4).astype(np.uint8)


def image_of(rng, height, width, *channels):
    return rng.integers(0, 256, (height, width, *channels)).astype(np.float32) / 255


def _write(path, write, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, value)
    return value


def make_sreds(base, rng, *, files=5, size=(9, 16)):
    """Writes SREDS; returns {(split, scene): (spikes, images from frame 1 on)}."""
    clips = {}
    for part, split, scenes in (("train", "train", ["000", "001"]), ("val", "validation", ["010"])):
        for scene in scenes:
            spikes = spikes_of(rng, 20 * files, *size)
            images = [image_of(rng, *size) for _ in range(files)]
            for n in range(files):
                dat = base / "spike" / part / "interp_20_alpha_0.40" / scene / f"{n:08d}.dat"
                _write(dat, write_dat, spikes[20 * n : 20 * n + 20])
                png = base / "imgs" / part / f"{part}_orig" / scene / f"{n:08d}.png"
                _write(png, write_image, images[n])
            clips[split, scene] = spikes, np.stack(images[1:])
    return clips


def make_crop_mini(base, rng):
    """Writes the cropped training set of SREDS; returns (spikes, images from frame 1 on)."""
    spikes, images = spikes_of(rng, 60, 8, 8), [image_of(rng, 8, 8) for _ in range(3)]
    for n in range(3):
        crops = base / "crop_mini"
        dat = crops / "spike" / "train" / "interp_20_alpha_0.40" / "000_1" / f"{n:08d}.dat"
        _write(dat, write_dat, spikes[20 * n : 20 * n + 20])
        png = crops / "image" / "train" / "train_orig" / "000_1" / f"{n:08d}.png"
        _write(png, write_image, images[n])
    return spikes, np.stack(images[1:])


def make_reds_base(base, rng, *, size=(10, 12), readouts=121):
    """Writes REDS_BASE; returns {split: (spikes, image)}."""
    clips = {}
    for split in ("train", "test"):
        name = "203_part2_key_id61"
        spikes = _write(
            base / split / "spike" / f"{name}.dat", write_dat, spikes_of(rng, readouts, *size)
        )
        image = _write(base / split / "gt" / f"{name}.png", write_image, image_of(rng, *size))
        clips[split] = spikes, image
    return clips


def make_spike_gopro(base, rng):
    """Writes Spike-GOPRO; returns {split: (spikes, sharp, blur)}."""
    clips = {}
    for split in ("train", "test"):
        spikes = spikes_of(rng, 137, 4, 6)
        folder = base / split
        _write(folder / "spike_data" / "GOPR0372_07_00" / "000003.dat", write_dat, spikes)
        sharp, blur = (
            _write(
                folder / f"{kind}_data" / "GOPR0372_07_00" / "000003.png",
                write_image,
                image_of(rng, 16, 24, 3),
            )
            for kind in ("sharp", "blur")
        )
        clips[split] = spikes, sharp, blur
    return clips


def make_spike_rsb(base, rng):
    """Writes RSB, with a JPEG photograph of one colour; returns the spikes."""
    spikes = spikes_of(rng, 137, 4, 6)
    _write(base / "spike_data" / "scene1" / "a.dat", write_dat, spikes)
    blue = np.broadcast_to(np.array([0, 0, 1], np.float32), (16, 24, 3))
    _write(base / "blur_data" / "scene1" / "a.jpg", write_image, blue)
    return spikes
