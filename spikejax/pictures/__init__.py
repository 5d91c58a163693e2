"""Drawing: display mapping, sheets of images, charts.

Importing this package loads numpy only. The first image loads Pillow or Matplotlib.
"""

from spikejax.pictures.display import DATA, SCREEN, Display
from spikejax.pictures.sheet import Panel, sheet

__all__ = ["DATA", "SCREEN", "Display", "Panel", "sheet"]
