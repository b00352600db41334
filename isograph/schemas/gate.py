"""Gates: the limits that a fixture can set for the metrics of a fit of it."""

from __future__ import annotations

# Gate → the metric it limits; ``min_`` gates are lower limits, ``max_`` gates upper ones.
GATES = {
    "min_recovery": "recovery",
    "min_ari": "ari",
    "min_role_recall": "min_role_recall",
    "max_background_rate": "background_rate",
    "max_modules": "n_modules",
}
