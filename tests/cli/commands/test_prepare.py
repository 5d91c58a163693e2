"""`spikejax prepare`."""

import subprocess
import sys

import pytest
from published_trees import make_reds_base, make_sreds

from spikejax.datasets.published import synthetic_clips
from spikejax.datasets.published.preparation import FORMATS, NAMES
from spikejax.datasets.published.prepared import open_prepared

COMMON = ("--manual-dir", "manual", "--data-dir", "d")


@pytest.fixture
def manual_dir(tmp_path):
    folder = tmp_path / "manual"
    folder.mkdir()
    return folder


def test_a_dataset_is_prepared_and_counted(spikejax, manual_dir, rng, tmp_path):
    make_sreds(manual_dir, rng)
    result = spikejax("prepare", "sreds", *COMMON)
    assert result.exit_code == 0, result.output
    assert result.stdout == "d/sreds: 2 train, 1 validation\n"
    assert "preparing clips of sreds: 3 of 3" in result.stderr
    assert len(open_prepared(tmp_path / "d", "sreds", split="validation")) == 1


def test_progress_is_printed_in_lines_where_there_is_no_terminal(
    spikejax, manual_dir, rng, monkeypatch
):
    make_sreds(manual_dir, rng)
    monkeypatch.setattr("spikejax.cli.console.progress._LINE_EVERY_S", -1.0)
    assert "preparing clips of sreds: 2 of 3" in spikejax("prepare", "sreds", *COMMON).stderr


def test_one_split_is_replaced(spikejax, manual_dir, rng):
    make_reds_base(manual_dir, rng)
    words = ("prepare", "reds_base", *COMMON)
    assert spikejax(*words, "--split", "test", "--split", "train").exit_code == 0
    result = spikejax(*words, "--split", "test", "--overwrite")
    assert result.stdout == "d/reds_base: 1 test\n"
    (manual_dir / "train").rename(manual_dir.with_name("train"))
    manual_dir.rename(manual_dir.with_name("other"))
    (manual_dir.with_name("other") / "train").symlink_to(manual_dir.with_name("train"))
    result = spikejax(*words[:2], "--manual-dir", "other", "--data-dir", "d")
    assert result.exit_code == 2
    assert "; pass --overwrite to replace it, or prepare in another folder\n" in result.stderr


def test_the_tfds_dataset_is_prepared_by_the_same_command(spikejax, manual_dir, rng, tmp_path):
    make_reds_base(manual_dir, rng)
    words = ("prepare", "reds_base", *COMMON, "--format", "array_record")
    assert spikejax(*words).stdout.endswith("\nd/reds_base: 1 train, 1 test\n")
    assert list((tmp_path / "d" / "reds_base" / "1.0.0").glob("*train.array_record*"))
    assert "1.0.0: already exists; pass --overwrite to replace it" in spikejax(*words).stderr


def test_scenes_need_no_files_and_take_options(spikejax, monkeypatch):
    datasets = []

    def prepare(name, data_dir, *, synthetic, **options):
        datasets.append(synthetic)
        return {"train": 2, "validation": 1}

    monkeypatch.setattr("spikejax.datasets.published.preparation.prepare_dataset", prepare)
    words = ("--clips", "2", "--size", "16", "--windows", "2", "--seed", "3", "--photographs")
    result = spikejax("prepare", "spikejax_synthetic", "--data-dir", "d", *words)
    assert result.stdout == "d/spikejax_synthetic: 2 train, 1 validation\n"
    assert datasets == [
        synthetic_clips.SyntheticDataset(clips=2, size=16, windows=2, seed=3, photographs=True)
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("imagenet", *COMMON), "error: imagenet: no such dataset; expected sreds, reds_base"),
        (("sreds", "--data-dir", "d"), "sreds: pass --manual-dir FOLDER, which holds spike/"),
        (("sreds",), r"Missing option '--data-dir' \(see spikejax prepare --help\)"),
        (("sreds", *COMMON), "manual/spike/train: no such folder"),
        (("sreds", *COMMON, "--format", "zip"), "'zip' is not one of"),
        (("reds_base", *COMMON, "--gain", "0.5"), "--gain 0.5: does not apply to reds_base"),
        (("reds_base", *COMMON, "--clips", "3"), "--clips: only for spikejax_synthetic, not for r"),
        (("recordings", *COMMON, "--seed", "0"), "--seed: only for spikejax_synthetic, not for r"),
        (("spikejax_synthetic", *COMMON), "--manual-dir manual: does not apply to spikejax_synth"),
        (("spikejax_synthetic", "--data-dir", "d", "--clips", "0"), "clips: expected at least 1"),
    ],
)
def test_bad_options_are_one_line(refused, manual_dir, words, message):
    refused("prepare", *words, match=message)


def test_help_names_every_dataset_and_needs_no_jax():
    code = (
        "import sys; from spikejax.cli import main\n"
        "try: main(['prepare', '--help'])\n"
        "except SystemExit: assert 'jax' not in sys.modules\n"
    )
    words = (sys.executable, "-c", code)
    run = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert all(name in run.stdout for name in (*NAMES, *FORMATS))


def test_the_module_is_an_alias_of_the_command(tmp_path, manual_dir, rng):
    make_reds_base(manual_dir, rng)
    words = (sys.executable, "-m", "spikejax.datasets.prepare", "reds_base", *COMMON)
    run, bad = (
        subprocess.run(w, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        for w in (words, words[:4])
    )
    assert (run.returncode, run.stdout) == (0, "d/reds_base: 1 train, 1 test\n"), run.stderr
    assert bad.returncode == 2
    assert (
        bad.stderr == "spikejax: error: Missing option '--data-dir' (see spikejax prepare --help)\n"
    )
