"""The documentation: its Python runs, its command lines parse, its links lead somewhere."""

import ast
import dataclasses
import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer

import spikejax as sj
from spikejax.cli import app
from spikejax.cli.console.errors import _imports_in
from spikejax.evaluation import DataSpec
from spikejax.formats import write_image, write_video

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
"""The pages whose Python blocks run; those of `docs/training/` need days."""

SLOW = ("how_to_train.md",)
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
LINKED = (*PAGES, CONTRIBUTING, ROOT / "CHANGELOG.md")
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TITLED = re.compile(r'^```(\w+) title="([^"]+)"\n(.*?)^```$', re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!\w)!?\[[^\]]*\]\(([^)\s]+)\)")


def blocks(text, *languages):
    """The fenced blocks of a Markdown text: pairs of a line number and a text."""
    return [
        (text.count("\n", 0, match.start(2)) + 1, match[2])
        for match in FENCE.finditer(text)
        if match[1] in languages
    ]


def of_pages(pages, *languages):
    """Parameters: every page that has blocks in one of the languages."""
    parameters = [
        pytest.param(page, id=page.name, marks=pytest.mark.slow if page.name in SLOW else ())
        for page in pages
        if blocks(page.read_text(), *languages)
    ]
    return pytest.mark.parametrize("page", parameters)


def simple_commands(text):
    """The simple commands of the shell blocks of a Markdown text, as lists of words."""
    for _, block in blocks(text, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            while words:
                end = next((i for i, word in enumerate(words) if word in ("&&", "|")), len(words))
                yield words[:end]
                words = words[end + 1 :]


COMMANDS = [
    pytest.param(words, id=f"{page.name}: {shlex.join(words)}")
    for page in PAGES
    for words in simple_commands(page.read_text())
]


def calling(program):
    return [line for line in COMMANDS if Path(line.values[0][0]).name == program]


def scripts():
    """The calls of `train.py` and `eval.py`."""
    for line in calling("python"):
        if line.values[0][1] in ("train.py", "eval.py"):
            yield line


@pytest.fixture(scope="module")
def named_files(tmp_path_factory):
    """A folder with the files that the pages name."""
    folder = tmp_path_factory.mktemp("docs")
    for name in ("clips", "pairs/blur", "pairs/spikes"):
        (folder / name).mkdir(parents=True)
    spikes = (np.random.default_rng(0).random((321, 250, 400), np.float32) < 0.3).view(np.uint8)
    sj.write_dat(folder / "car.dat", spikes)
    write_image(folder / "blur.png", np.full((1000, 1600, 3), 0.3, np.float32))
    sj.write_dat(folder / "clips" / "a.dat", spikes[:, :48, :64])
    write_image(folder / "clips" / "a.png", np.full((48, 64), 0.5, np.float32))
    sj.write_dat(folder / "pairs" / "spikes" / "a.dat", spikes[:137, :16, :24], sidecar={"gain": 1})
    write_image(folder / "pairs" / "blur" / "a.png", np.full((64, 96, 3), 0.3, np.float32))
    frames = [np.full((32, 48), level, np.float32) for level in (0.2, 0.5, 0.8)]
    write_video(folder / "street.mp4", frames, fps=25)
    return folder


@pytest.fixture
def files(named_files, tmp_path, monkeypatch):
    """A copy of that folder, the current one."""
    shutil.copytree(named_files, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def own_networks():
    """Networks that a page registers are forgotten after it."""
    registry = sj.models.model._NETWORKS._factories
    before = dict(registry)
    yield
    registry.clear()
    registry.update(before)


@of_pages(PAGES, "python")
def test_python_runs_as_written(page, files, own_networks):
    namespace = {"__name__": page.stem}
    for line, source in blocks(page.read_text(), "python"):
        code = compile("\n" * line + source, str(page), "exec")
        exec(code, namespace)


@pytest.mark.parametrize("words", calling("spikejax"))
def test_command_lines_parse(words):
    """The sub-command exists, and so do its options; nothing runs."""
    words = [word.strip("[]") for word in _imports_in(words[1:])[0]]
    group = typer.main.get_command(app)
    with group.make_context("spikejax", list(words)) as context:
        name, command, rest = group.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        command.make_context(name, rest, parent=context).close()


@pytest.mark.parametrize("words", list(scripts()))
def test_configurations_and_their_fields_exist(words):
    script, rest = ROOT / words[1], words[2:]
    defined = set(re.findall(r'DEFINE_\w+\(\s*"(\w+)"', script.read_text())) | {"config"}
    if script.name == "eval.py":
        defined |= {field.name for field in dataclasses.fields(DataSpec)}
    options = [word[2:].partition("=")[0] for word in rest if word.startswith("--")]
    assert {name for name in options if not name.startswith("config.")} <= defined
    if "--config" not in rest:
        assert "--export" in rest
        return
    path, _, argument = rest[rest.index("--config") + 1].partition(":")
    config = load_config(ROOT / path, *([argument] if argument else []))
    flat = config.to_dict()
    for name in options:
        if name.startswith("config."):
            value = flat
            for part in name.split(".")[1:]:
                value = value[part]


def load_config(path, *arguments):
    spec = importlib.util.spec_from_file_location(f"config_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_config(*arguments)


def recipes():
    """The recipes of CONTRIBUTING.md by name, as Markdown."""
    parts = re.split(r"^### (.*)$", CONTRIBUTING.read_text(), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def follow(recipe, root):
    """Writes the new files of a recipe, and changes the lines that it changes."""
    for language, name, text in TITLED.findall(recipe):
        path = root / name
        if language == "python":
            ast.parse(text)
            assert not path.exists(), name
            path.write_text(text)
            continue
        lines = text.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] != "+")
        after = "".join(line[1:] for line in lines if line[0] != "-")
        assert path.read_text().count(before) == 1, f"{name}: no single {before!r}"
        path.write_text(path.read_text().replace(before, after))


def scratch_copy(folder):
    """A copy of what recipes change and run."""
    for name in ("spikejax", "configs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("train.py", "eval.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_the_recipes_fit_the_code(tmp_path):
    scratch_copy(tmp_path)
    for recipe in recipes().values():
        follow(recipe, tmp_path)


PROGRAMS = {
    "spikejax": [sys.executable, "-c", "from spikejax.cli import main; main()"],
    "python": [sys.executable],
    "ruff": [sys.executable, "-m", "ruff"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", recipes())
def test_a_recipe_works_as_written(name, files, monkeypatch):
    recipe, root = recipes()[name], scratch_copy(Path.cwd())
    follow(recipe, root)
    monkeypatch.setenv("PYTHONPATH", str(root))
    touched = sorted({path for _, path, _ in TITLED.findall(recipe)})
    checks = [["ruff", "check", *touched], ["ruff", "format", "--check", *touched]]
    for words in (*simple_commands(recipe), *checks):
        result = subprocess.run(
            [*PROGRAMS[words[0]], *words[1:]], capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, f"{words}\n{result.stdout}{result.stderr}"
        print(shlex.join(words), result.stdout, sep="\n")


def test_the_commands_that_ci_runs_are_those_of_the_readme():
    words = [line.values[0] for line in COMMANDS]
    for command in ("pip install . ", "spikejax demo", "pip install -e .[dev]", "pytest -n 2"):
        assert any(shlex.join(line).replace("'", "").endswith(command.strip()) for line in words)


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.name)
def test_links_and_images_exist(page):
    text = FENCE.sub("", page.read_text())
    for target in LINK.findall(text):
        if "://" in target:
            continue
        path, _, heading = target.partition("#")
        linked = (page.parent / path) if path else page
        assert linked.exists(), target
        if heading:
            assert heading in anchors(linked), target


def anchors(page):
    """The anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_room_is_described():
    described = set(
        re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/architecture.md").read_text(), re.M)
    )
    rooms = {path.parent.name for path in (ROOT / "spikejax").glob("*/__init__.py")}
    assert rooms <= described
