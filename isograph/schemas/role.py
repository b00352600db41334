"""The roles of a gene in its module: which of its channels follow the module."""

from __future__ import annotations

from collections.abc import Collection

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


def shown_role(columns: Collection[str]) -> str:
    """Return the column of ``module_gene_roles`` that is shown first; fits of isograph 0.2.0 have no supported role."""
    return "supported_role" if "supported_role" in columns else "module_role"
