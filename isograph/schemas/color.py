"""WGCNA's colour names of module numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from isograph.arrays import Index

GREY = "grey"
_NAMES = """
    turquoise blue brown yellow green red black pink magenta purple greenyellow tan salmon cyan midnightblue
    lightcyan grey60 lightgreen lightyellow royalblue darkred darkgreen darkturquoise darkgrey orange darkorange
    white skyblue saddlebrown steelblue paleturquoise violet darkolivegreen darkmagenta sienna3 yellowgreen skyblue3
    plum1 orangered4 mediumpurple3 lightsteelblue1 lightcyan1 ivory floralwhite darkorange2 brown4 bisque4
    darkslateblue plum2 thistle2 thistle1 salmon4 palevioletred3 navajowhite2 maroon lightpink4 lavenderblush3
    honeydew1 darkseagreen4 coral1 antiquewhite4 coral2 mediumorchid skyblue2 yellow4 skyblue1 plum orangered3
    mediumpurple2 lightsteelblue lightcoral indianred4 firebrick4 darkolivegreen4 brown2 blue2 darkviolet plum3
    thistle3 thistle salmon2 palevioletred2 navajowhite1 magenta4 lightpink3 lavenderblush2 honeydew darkseagreen3
    coral antiquewhite2 coral3 mediumpurple4 skyblue4 yellow3 sienna4 pink4 orangered1 mediumpurple1 lightslateblue
    lightblue4
"""
STANDARD = tuple(_NAMES.split())


def standard_colors(n: int) -> list[str]:
    """Return the first ``n`` module colours; R: ``standardColors``.

    NOTE: R has 435 names before it repeats them with ``.1`` behind; here it is the first 100 of them.
    """
    rounds = [("" if turn == 0 else f".{turn}") for turn in range((n - 1) // len(STANDARD) + 1)]
    return [f"{name}{suffix}" for suffix in rounds for name in STANDARD][:n]


def labels_to_colors(labels: Sequence[int] | Index) -> list[str]:
    """Return the colour of each module number, grey for 0; R: ``labels2colors``."""
    numbers = np.asarray(labels, dtype=np.int64)
    names = [GREY, *standard_colors(int(numbers.max(initial=0)))]
    return [names[number] for number in numbers]


def module_colors(module_ids: Iterable[str]) -> dict[str, str]:
    """Return module → colour in WGCNA's order; the first module is turquoise."""
    modules = list(module_ids)
    return dict(zip(modules, standard_colors(len(modules)), strict=True))
