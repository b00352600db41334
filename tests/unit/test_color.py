from __future__ import annotations

from isograph.schemas.color import STANDARD, module_colors


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
