"""Numbers become pictures: still ones, drawn in the colours of the page, each with words and a table that say the same.

Every function takes the key of the figure, a frame of numbers and the grid of the same numbers, whose caption is the
title, and gives a `Figure`. Shape, place and printed numbers carry what colour does.
"""

from comity.report.curves import curves
from comity.report.drawing import STRONGEST, SVG, Figure
from comity.report.network import network
from comity.report.overlaid import overlaid
from comity.report.panels import lines
from comity.report.plane import plane
from comity.report.population import areas, thinned
from comity.report.radar import radar
from comity.report.rows import bars, dots, stacked
from comity.report.squares import heat_map, tensor

__all__ = [
    "STRONGEST",
    "SVG",
    "Figure",
    "areas",
    "bars",
    "curves",
    "dots",
    "heat_map",
    "lines",
    "network",
    "overlaid",
    "plane",
    "radar",
    "stacked",
    "tensor",
    "thinned",
]
