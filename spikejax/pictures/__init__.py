"""Drawing: display mapping, sheets of images, charts.

Importing this package loads numpy only. The first image loads Pillow or Matplotlib.
"""

from spikejax.pictures.colours import COLOUR_MAPS, colour_table, coloured
from spikejax.pictures.display import DATA, SCREEN, Display
from spikejax.pictures.sheet import Panel, sheet

__all__ = [
    "COLOUR_MAPS",
    "DATA",
    "SCREEN",
    "Display",
    "Panel",
    "colour_table",
    "coloured",
    "sheet",
]
