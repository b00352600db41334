"""Gates: the limits that a fixture can set for the metrics of a fit of it."""

from __future__ import annotations

# Gate → the metric it limits; ``min_`` gates are lower limits, ``max_`` gates upper ones.
GATES = {
    "min_recovery": "recovery",
    "min_ari": "ari",
    "min_role_recall": "min_role_recall",
    "max_background_rate": "background_rate",
    "max_modules": "n_modules",
    "max_switch_features": "n_switch_features",
    "max_switch_role_rate": "switch_role_rate",
    "max_supported_switch_rate": "supported_switch_rate",
    "max_switch_abundance_excess": "switch_abundance_excess",
}
# NOTE: an upper limit is kept where there is nothing to take its metric of. These are kept only if something was
# measured, as a fit that does not say which roles are supported is not silent.
MEASURED_GATES = frozenset({"max_switch_features", "max_switch_role_rate", "max_supported_switch_rate"})
