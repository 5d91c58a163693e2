"""Draws docs/architecture.png from the imports: `python docs/draw_architecture.py`.

The order of the rooms is `LAYERS` in tests/test_architecture.py, and what they are is the table in
docs/architecture.md.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Polygon, Rectangle

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "spikejax"
PICTURE = ROOT / "docs" / "architecture.png"

STOREYS = {
    "commands": ("#b4532a", ("cli", "viewer")),
    "workshops": ("#c98a1b", ("evaluation", "training", "tasks")),
    "images": ("#3f7d4e", ("inference", "simulation", "deblur")),
    "data and scores": ("#2c7a8c", ("datasets", "losses", "metrics")),
    "networks": ("#3d5a9e", ("parallel", "weights", "models")),
    "ground": ("#6b5b95", ("classical", "pictures", "camera", "ops", "formats")),
}
INK, FAINT = "#22262b", "#7a828c"


def rooms() -> tuple[str, ...]:
    """Returns the rooms from top to bottom."""
    tree = ast.parse((ROOT / "tests" / "test_architecture.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "LAYERS":
            return ast.literal_eval(node.value)
    raise ValueError("tests/test_architecture.py: expected LAYERS")


def descriptions() -> dict[str, str]:
    """Returns what each room is, by the table of docs/architecture.md."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \|$", text, re.MULTILINE)
    return {room: what.replace("`", "") for room, what in rows}


def files_of(room: str) -> list[Path]:
    """Returns the Python files of a room."""
    return sorted((PACKAGE / room).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Yields the rooms that a file imports, repeated."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            first, _, rest = name.partition(".")
            if first == "spikejax" and rest:
                yield rest.partition(".")[0]


def imports(order: tuple[str, ...]) -> Counter[tuple[str, str]]:
    """Counts, for each pair of rooms, the files of the first that import the second.

    Imports of a room above are not counted; tests/test_architecture.py refuses them.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for index, room in enumerate(order):
        for path in files_of(room):
            counts.update((room, other) for other in {*imported(path)} & {*order[index + 1 :]})
    return counts


def colour_of(room: str) -> str:
    """Returns the colour of the storey of a room."""
    return next((colour for colour, group in STOREYS.values() if room in group), FAINT)


def draw(path: Path) -> None:
    """Draws the rooms and the matrix of their imports."""
    order, what, counts = rooms(), descriptions(), imports(rooms())
    count = len(order)
    left, matrix = 11.4, 12.0  # width of the rooms; where the matrix begins
    width, height = matrix + count + 1.6, count + 3.6
    figure = Figure(figsize=(0.5 * width, 0.5 * height), dpi=130)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(-0.6, width - 0.6)
    axes.set_ylim(height - 3.2, -3.2)
    axes.axis("off")
    axes.set_aspect("equal")

    roof = [(-0.35, -0.15), (left / 2, -2.6), (left + 0.35, -0.15)]
    axes.add_patch(Polygon(roof, closed=True, facecolor="#efe9df", edgecolor="none"))
    axes.text(left / 2, -1.25, "spikejax", ha="center", size=19, weight="bold", color=INK)
    axes.text(left / 2, -0.55, "rooms, files and lines of code", ha="center", size=9.5, color=FAINT)
    for row, room in enumerate(order):
        colour, files = colour_of(room), files_of(room)
        lines = sum(path.read_text().count("\n") for path in files)
        box = FancyBboxPatch(
            (0.06, row + 0.09),
            left - 0.12,
            0.82,
            boxstyle="round,pad=0,rounding_size=0.14",
            facecolor=colour,
            alpha=0.16,
            edgecolor="none",
        )
        axes.add_patch(box)
        axes.add_patch(Rectangle((0.06, row + 0.09), 0.16, 0.82, facecolor=colour))
        style = {"va": "center_baseline"}
        axes.text(0.45, row + 0.5, room, size=11.5, weight="bold", color=INK, **style)
        axes.text(3.0, row + 0.5, what.get(room, ""), size=9.5, color=INK, **style)
        size = f"{len(files)}  ·  {lines:,}"
        axes.text(left - 0.25, row + 0.5, size, ha="right", size=9.5, color=FAINT, **style)

    for column, room in enumerate(order):
        x = matrix + column
        axes.text(
            x + 0.42,
            -0.25,
            room,
            rotation=55,
            ha="left",
            va="bottom",
            rotation_mode="anchor",
            size=10.5,
            weight="bold",
            color=colour_of(room),
        )
        for row in range(count):
            if row > column:
                continue
            importer, number = order[row], counts[order[row], room]
            face = "#f3f3f1" if row < column else colour_of(room)
            cell = Rectangle((x + 0.05, row + 0.05), 0.9, 0.9, facecolor=face)
            axes.add_patch(cell)
            if number:
                strength = min(1.0, 0.35 + 0.65 * number / 8)
                axes.add_patch(
                    Rectangle(
                        (x + 0.05, row + 0.05),
                        0.9,
                        0.9,
                        facecolor=colour_of(importer),
                        alpha=strength,
                    )
                )
                ink = "white" if strength > 0.75 else INK
                axes.text(
                    x + 0.5, row + 0.5, str(number), ha="center", va="center", size=9, color=ink
                )
    axes.text(
        matrix + 0.2,
        count - 2.3,
        "A number is how many files of the room on the left\n"
        "import the room above the column.\n"
        "Nothing stands below the diagonal:\n"
        "no room imports a room above it.",
        size=10,
        color=FAINT,
        va="center",
        linespacing=1.5,
    )
    figure.savefig(path, facecolor="white")


if __name__ == "__main__":
    draw(PICTURE)
    print(PICTURE)
