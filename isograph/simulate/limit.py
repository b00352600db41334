"""What the values of a spec have to satisfy, alone and together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import inf
from typing import TYPE_CHECKING

from isograph.errors import examples, shown
from isograph.simulate.value import as_text

if TYPE_CHECKING:
    from isograph.simulate.spec import FixtureSpec

PLANTED_ROLES = ("switch_only", "abundance_only", "coupled", "discordant")
SWITCHING_ROLES = ("switch_only", "coupled", "discordant")
ABUNDANT_ROLES = ("abundance_only", "coupled", "discordant")
ACTIVITIES = ("gaussian", "rings_and_quadrants")
SHAPED_MODULES = 4
SAMPLINGS = ("counts", "expected")
GATES = ("min_ari", "min_recovery", "max_background_rate", "min_role_recall", "max_modules")
STRENGTH_OF_COVARIATE = {
    "rin": "degradation_strength",
    "cell_fraction": "composition_strength",
    "batch": "batch_strength",
    "depth": "depth_sd",
}
MIN_SAMPLES = 3
MIN_MODULE = 2
MAX_ISOFORMS = 20
SUM_TOLERANCE = 1e-6
_SHARES = ("single_isoform_share", "interaction_share")
_RANGES = {
    "n_genes": (1, 10_000_000),
    "n_samples": (MIN_SAMPLES, 1_000_000),
    "diagnosis_effect": (0.0, 10.0),
    "age_effect": (0.0, 10.0),
    "confounder_weight": (0.0, 10.0),
    "gene_mean": (1.0, 1e6),
    "gene_mean_sd": (0.0, 3.0),
    "dispersion": (0.01, inf),
    "abundance_effect": (0.0, 5.0),
    "switch_effect": (0.0, 20.0),
    "drive_noise": (0.0, 10.0),
    "isoform_imbalance": (1.0, 1e6),
    "usage_concentration": (0.1, inf),
    "interaction_strength": (0.0, 10.0),
    "degradation_strength": (0.0, 10.0),
    "composition_strength": (0.0, 5.0),
    "batch_strength": (0.0, 5.0),
    "depth_sd": (0.0, 3.0),
}
_FILE_NAME = re.compile(r"^\w[\w.+-]*$")


def spec_problems(spec: FixtureSpec) -> list[str]:
    """Return everything that makes a spec impossible, one sentence each."""
    return [
        *_range_problems(spec),
        *_name_problems(spec),
        *_module_problems(spec),
        *_share_problems(spec),
        *_covariate_problems(spec),
    ]


def _range_problems(spec: FixtureSpec) -> Iterable[str]:
    for name, (low, high) in {**_RANGES, **dict.fromkeys(_SHARES, (0.0, 1.0))}.items():
        value = getattr(spec, name)
        if not low <= value <= high:
            yield f"{name} is {value}, expected {_between(low, high)}"


def _between(low: float, high: float) -> str:
    return f"{low:g} or more" if high == inf else f"{low:g} to {high:,.12g}"


def _name_problems(spec: FixtureSpec) -> Iterable[str]:
    if not _FILE_NAME.match(spec.name):
        yield f"name is '{shown(spec.name)}', expected letters, digits, '_', '.', '+' and '-'"
    for name, known in (("activity", ACTIVITIES), ("sampling", SAMPLINGS)):
        if getattr(spec, name) not in known:
            yield f"{name} is '{shown(getattr(spec, name))}', expected {' or '.join(known)}"
    unknown = [gate for gate in spec.gates if gate not in GATES]
    if unknown:
        yield f"unknown gates {examples(unknown)}, expected {', '.join(GATES)}"


def _module_problems(spec: FixtureSpec) -> Iterable[str]:
    planted = sum(spec.module_sizes)
    if planted > spec.n_genes:
        yield f"the modules hold {planted:,} genes, expected at most n_genes = {spec.n_genes:,}"
    small = [size for size in spec.module_sizes if size < MIN_MODULE]
    if small:
        yield f"{len(small)} modules have fewer than {MIN_MODULE} genes: {examples(small)}"
    if spec.activity == "rings_and_quadrants" and len(spec.module_sizes) != SHAPED_MODULES:
        yield f"rings_and_quadrants takes {SHAPED_MODULES} modules, got {len(spec.module_sizes)}"
    if spec.interaction_strength > 0 and len(spec.module_sizes) < 2:
        yield f"an interaction takes the latents of 2 modules, got {len(spec.module_sizes)}"


def _share_problems(spec: FixtureSpec) -> Iterable[str]:
    unknown = [role for role in spec.role_shares if role not in PLANTED_ROLES]
    if unknown:
        yield f"unknown roles {examples(unknown)}, expected {', '.join(PLANTED_ROLES)}"
    if not 1 <= len(spec.isoform_shares) < MAX_ISOFORMS:
        yield f"isoform_shares has {len(spec.isoform_shares)} entries, expected 1 to {MAX_ISOFORMS - 1}"
    for name, shares in (("role_shares", list(spec.role_shares.values())), ("isoform_shares", spec.isoform_shares)):
        if not all(0 <= share <= 1 for share in shares) or not abs(sum(shares) - 1) <= SUM_TOLERANCE:
            yield f"{name} is {as_text(getattr(spec, name))}, expected shares from 0 to 1 that add up to 1"


def _covariate_problems(spec: FixtureSpec) -> Iterable[str]:
    for name in spec.recorded_covariates:
        strength = STRENGTH_OF_COVARIATE.get(name)
        if strength is None:
            yield f"recorded covariate '{shown(name)}' is not known, expected {', '.join(STRENGTH_OF_COVARIATE)}"
        elif getattr(spec, strength) == 0:
            yield f"recorded covariate '{name}' has no effect: {strength} is 0"
    if len(set(spec.recorded_covariates)) < len(spec.recorded_covariates):
        yield f"recorded_covariates names one twice: {', '.join(spec.recorded_covariates)}"
