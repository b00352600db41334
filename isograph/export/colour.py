"""Module colours in the order WGCNA gives them."""

from __future__ import annotations

from collections.abc import Iterable

GREY = "grey"
COLOURS = (
    "turquoise", "blue", "brown", "yellow", "green", "red", "black", "pink",
    "magenta", "purple", "greenyellow", "tan", "salmon", "cyan", "midnightblue", "lightcyan",
    "grey60", "lightgreen", "lightyellow", "royalblue", "darkred", "darkgreen", "darkturquoise", "darkgrey",
    "orange", "darkorange", "white", "skyblue", "saddlebrown", "steelblue", "paleturquoise", "violet",
    "darkolivegreen", "darkmagenta", "sienna3", "yellowgreen", "skyblue3", "plum1", "orangered4", "mediumpurple3",
    "lightsteelblue1", "lightcyan1", "ivory", "floralwhite", "darkorange2", "brown4", "bisque4", "darkslateblue",
    "plum2", "thistle2", "thistle1", "salmon4", "palevioletred3", "navajowhite2", "maroon", "lightpink4",
    "lavenderblush3", "honeydew1", "darkseagreen4", "coral1", "antiquewhite4", "coral2", "mediumorchid", "skyblue2",
    "yellow4", "skyblue1", "plum", "orangered3", "mediumpurple2", "lightsteelblue", "lightcoral", "indianred4",
    "firebrick4", "darkolivegreen4", "brown2", "blue2", "darkviolet", "plum3", "thistle3", "thistle",
    "salmon2", "palevioletred2", "navajowhite1", "magenta4", "lightpink3", "lavenderblush2", "honeydew",
    "darkseagreen3", "coral", "antiquewhite2", "coral3", "mediumpurple4", "skyblue4", "yellow3", "sienna4", "pink4",
    "orangered1", "mediumpurple1", "lightslateblue", "lightblue4",
)  # fmt: skip


def module_colours(module_ids: Iterable[str]) -> dict[str, str]:
    """Return module → colour; the first module is turquoise. After 100 the colours come again as ``turquoise.1``."""
    colours = {}
    for number, module in enumerate(module_ids):
        turn, place = divmod(number, len(COLOURS))
        colours[module] = COLOURS[place] + (f".{turn}" if turn else "")
    return colours
