from __future__ import annotations

from isograph.export.colour import COLOURS, module_colours


def test_module_colours__are_in_the_order_of_wgcna():
    assert list(module_colours([f"M{n:03d}" for n in range(7)]).values()) == [
        "turquoise", "blue", "brown", "yellow", "green", "red", "black"
    ]  # fmt: skip


def test_module_colours__are_a_hundred_without_grey_and_come_again():
    assert len(set(COLOURS)) == 100
    assert "grey" not in COLOURS
    colours = module_colours(map(str, range(201)))
    assert len(set(colours.values())) == 201
    assert (colours["100"], colours["200"]) == ("turquoise.1", "turquoise.2")
