"""Metrics against other packages, over fifty random pairs or pictures.

The tests need `lpips`, `piq` and `pyiqa` with PyTorch, and take minutes. `pytest -m reference -s`
prints the largest deviations. `benchmarks/metrics.py` computes them.
"""

import importlib.util
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.reference, pytest.mark.filterwarnings("ignore")]


def benchmark():
    path = Path(__file__).parents[2] / "benchmarks" / "metrics.py"
    spec = importlib.util.spec_from_file_location("spikejax_metrics", path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["ms_ssim", "lpips", "niqe", "brisque"])
def test_no_deviation_exceeds_its_limit(name):
    for package in ("torch", "lpips", "piq", "pyiqa"):
        pytest.importorskip(package)
    for result in benchmark().COMPARISONS[name]():
        print(result.line())
        assert max(result.deviations) < result.limit
