"""The roles of a gene in its module: which of its channels follow the module."""

from __future__ import annotations

COUPLED, SWITCH_ONLY, ABUNDANCE_ONLY, DISCORDANT, INACTIVE = (
    "coupled",
    "switch_only",
    "abundance_only",
    "discordant",
    "inactive",
)
ROLES = (COUPLED, SWITCH_ONLY, ABUNDANCE_ONLY, DISCORDANT, INACTIVE)
ACTIVE_ROLES = (SWITCH_ONLY, ABUNDANCE_ONLY, COUPLED, DISCORDANT)
SWITCHING_ROLES = (SWITCH_ONLY, COUPLED, DISCORDANT)
ABUNDANT_ROLES = (ABUNDANCE_ONLY, COUPLED, DISCORDANT)
BACKGROUND = "background"
