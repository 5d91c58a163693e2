"""Who may import whom: a folder of `spikejax/` imports only from the folders below it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "spikejax"
LAYERS = (
    "cli",
    "viewer",
    "evaluation",
    "training",
    "tasks",
    "inference",
    "simulation",
    "deblur",
    "datasets",
    "losses",
    "metrics",
    "parallel",
    "weights",
    "models",
    "classical",
    "pictures",
    "camera",
    "ops",
    "formats",
)
FILES = sorted(ROOT.rglob("*.py"))
# The file makes `python -m spikejax.datasets.prepare` an alias of `spikejax prepare`. It calls the
# command line and nothing imports it, so that it makes no circle.
ALIAS = ROOT / "datasets" / "prepare.py"


def imported_modules(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer_of(module):
    parts = module.split(".")
    return parts[1] if parts[0] == "spikejax" and len(parts) > 1 and parts[1] in LAYERS else None


def test_every_folder_has_a_place():
    folders = {p.name for p in ROOT.iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert folders <= set(LAYERS)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_downwards(path):
    folder = path.relative_to(ROOT).parts[0]
    if folder not in LAYERS:
        return  # spikejax/__init__.py re-exports
    for module in imported_modules(path):
        assert module != "spikejax.datasets.prepare"
        layer = layer_of(module)
        if layer is not None and not (path == ALIAS and layer == "cli"):
            assert LAYERS.index(layer) >= LAYERS.index(folder), f"{folder} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_tensorflow_and_no_torch(path):
    heavy = {"tensorflow", "torch", "torchvision"}
    assert not {m.split(".")[0] for m in imported_modules(path)} & heavy


def test_importing_is_light():
    """Importing spikejax loads neither the networks' library nor the drawing ones."""
    code = (
        "import sys, jax; before = set(sys.modules); import spikejax;"
        "print(sorted({m.split('.')[0] for m in set(sys.modules) - before}))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    ).stdout
    assert ast.literal_eval(out) == ["spikejax"]


def test_every_public_name_resolves():
    import spikejax as sj

    for name in sj.__all__:
        assert getattr(sj, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        sj.nothing


INNER_LAYERS = {
    "datasets": ("prepare", "loading", "published", "procedural", "defaults", "batch"),
    "cli": ("application", "commands", "options", "console"),
}


@pytest.mark.parametrize("room", INNER_LAYERS)
def test_imports_within_a_room_point_downwards(room):
    layers = INNER_LAYERS[room]
    for path in sorted((ROOT / room).rglob("*.py")):
        place = path.relative_to(ROOT / room).parts[0].removesuffix(".py")
        if place == "__init__":
            continue
        for module in imported_modules(path):
            parts = module.split(".")
            if parts[:2] == ["spikejax", room] and len(parts) > 2 and parts[2] in layers:
                assert layers.index(parts[2]) >= layers.index(place), f"{path} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nobody_asks_for_the_name_of_a_method(path):
    """What differs between networks stands in `models/`; comparisons with a name do not scale."""
    from spikejax import inference, models

    names = {*models.names(), *inference.method_names()}
    if path.relative_to(ROOT).parts[0] == "models":
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Compare):
            for side in (node.left, *node.comparators):
                literals = side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side]
                asked = {x.value for x in literals if isinstance(x, ast.Constant)} & names
                assert not asked, f"{path}:{node.lineno} asks for {asked}"
