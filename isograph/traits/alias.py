"""Traits that say the same of the samples are tested once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from isograph.traits.adjustment import Adjustment, Remainder, remainder
from isograph.traits.trait import Trait, Traits


def tested_once(traits: Traits, adjustment: Adjustment) -> Traits:
    """Return the traits without those that say the same of the samples as one before them, which then names them.

    Two traits do where they have values in the same samples and divide them alike, or where one number is a multiple of
    the other and a constant; with covariates, where that holds for what the covariates leave of both.
    """
    first: list[Trait] = []
    remainders: list[Remainder] = []
    aliases: list[list[str]] = []
    for trait in traits.traits:
        used = np.flatnonzero(np.isfinite(trait.values))
        basis = adjustment.basis(used)
        left = remainder(trait.columns(used), basis)
        rank = len(left.directions)
        for number, (earlier, of_earlier) in enumerate(zip(first, remainders, strict=True)):
            is_comparable = rank and rank == len(of_earlier.directions)
            if is_comparable and np.array_equal(np.isfinite(earlier.values), np.isfinite(trait.values)):
                span = np.concatenate([basis, of_earlier.directions])
                if not len(remainder(trait.columns(used), span).directions):
                    aliases[number].append(trait.name)
                    break
        else:
            first.append(trait)
            remainders.append(left)
            aliases.append([])
    tested = tuple(replace(trait, aliases=tuple(names)) for trait, names in zip(first, aliases, strict=True))
    reasons = {
        name: f"it says the same as '{trait.name}', which is tested" for trait in tested for name in trait.aliases
    }
    return Traits(tested, {**traits.skipped, **reasons})
