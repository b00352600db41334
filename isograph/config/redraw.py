"""Configuration of ``isograph simulate --redraw``: the nulls in which no gene switches."""

from __future__ import annotations

from dataclasses import dataclass

from isograph.config.check import choice_check, require
from isograph.config.setting import setting
from isograph.errors import option

MULTINOMIAL, OVERDISPERSED = "multinomial", "overdispersed"
NULLS = (MULTINOMIAL, OVERDISPERSED)
# Null → what the name of a redrawn data set ends in.
SUFFIX_OF_NULL = {MULTINOMIAL: "_null1", OVERDISPERSED: "_null2"}
SEED_LIMIT = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class RedrawConfig:
    """How the transcript counts of a bundle are drawn again.

    Every field is an option, which its help describes.
    """

    null: str = setting(
        MULTINOMIAL,
        "How counts are drawn around each gene's constant usage: by counting alone, or with the gene's own "
        "overdispersion too.",
        choices=NULLS,
    )
    within: tuple[str, ...] = setting(
        (),
        "Sample column whose effect on usage is not taken for overdispersion; repeat for more (overdispersed).",
        metavar="COLUMN",
    )
    seed: int = 0

    def __post_init__(self) -> None:
        require(
            {
                **choice_check(option("null"), self.null, NULLS),
                f"{option('within')} is for {option('null', OVERDISPERSED)}": (
                    not self.within or self.null != MULTINOMIAL
                ),
                f"seed is {self.seed}, expected 0 to 2^32 − 1": 0 <= self.seed < SEED_LIMIT,
            }
        )
