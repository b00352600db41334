from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from isograph.reporting.style import CHANNEL_COLOURS, SEQUENCE, house_style, label, new_figure, rendered


def test_house_style__leaves_no_setting_changed():
    before = dict(mpl.rcParams)
    with house_style():
        assert mpl.rcParams["text.parse_math"] is False
        rendered(new_figure(1.0, 1.0), "svg")
    assert dict(mpl.rcParams) == before


def simulated(colour: str, kind: str) -> np.ndarray:
    """Colour as seen with a colour vision deficiency: Viénot, Brettel & Mollon 1999, Color Res Appl 24:243."""
    rgb = np.array(mpl.colors.to_rgb(colour)) ** 2.2
    lms = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
    seen = lms @ rgb
    if kind == "protanopia":
        seen[0] = 2.02344 * seen[1] - 2.52581 * seen[2]
    elif kind == "deuteranopia":
        seen[1] = 0.494207 * seen[0] + 1.24827 * seen[2]
    return np.clip(np.linalg.solve(lms, seen), 0, 1) ** (1 / 2.2)


@pytest.mark.parametrize("kind", ["full", "protanopia", "deuteranopia"])
@pytest.mark.parametrize("colours", [SEQUENCE, tuple(CHANNEL_COLOURS.values())])
def test_colours__are_told_apart_by_every_common_colour_vision(colours, kind):
    seen = [simulated(colour, kind) for colour in colours]
    distances = [np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i]]
    assert min(distances) > 0.12


def test_label__is_short_and_printable():
    assert label("ENSG00000164902") == "ENSG00000164902"
    assert label("x" * 40) == "x" * 21 + "…"
    assert label("a\nb") == "a\\nb"
