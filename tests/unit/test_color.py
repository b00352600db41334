from __future__ import annotations

import numpy as np

from isograph.schemas.color import STANDARD, labels_to_colors, module_colors, standard_colors


def test_module_colours__are_in_the_order_of_wgcna():
    assert list(module_colors([f"M{n:03d}" for n in range(7)]).values()) == [
        "turquoise", "blue", "brown", "yellow", "green", "red", "black"
    ]  # fmt: skip


def test_module_colours__are_a_hundred_without_grey_and_come_again():
    assert len(set(STANDARD)) == 100
    assert "grey" not in STANDARD
    colours = module_colors(map(str, range(201)))
    assert len(set(colours.values())) == 201
    assert (colours["100"], colours["200"]) == ("turquoise.1", "turquoise.2")


def test_standard_colors__past_the_hundredth_have_a_number():
    names = standard_colors(201)
    assert (names[99], names[100], names[200]) == ("lightblue4", "turquoise.1", "turquoise.2")
    assert len(set(names)) == 201


def test_labels_to_colors__gives_grey_for_0():
    assert labels_to_colors([0, 2]) == ["grey", "blue"]
    assert labels_to_colors(np.array([], dtype=np.int64)) == []
