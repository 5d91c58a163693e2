"""Pictures for people: display mapping, sheets of panels, charts.

Importing this loads numpy alone; Pillow and Matplotlib come with the first picture.
"""

from spikejax.pictures.display import DATA, SCREEN, Display
from spikejax.pictures.sheet import Panel, sheet

__all__ = ["DATA", "SCREEN", "Display", "Panel", "sheet"]
