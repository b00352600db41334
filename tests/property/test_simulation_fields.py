from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from isograph.schemas.role import ACTIVE_ROLES
from isograph.simulation.bundle import simulation
from isograph.simulation.spec import SAMPLINGS, FixtureSpec


def from_to(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


SPECS = st.builds(
    FixtureSpec,
    name=st.just("any"),
    suite=st.just("any"),
    n_genes=st.integers(24, 40),
    n_samples=st.integers(3, 12),
    module_sizes=st.lists(st.integers(2, 6), max_size=4).filter(lambda sizes: len(sizes) != 1).map(tuple),
    role_shares=st.sampled_from(ACTIVE_ROLES).map(lambda role: {role: 1.0}),
    diagnosis_effect=from_to(0, 10),
    confounder_weight=from_to(0, 10),
    gene_mean=from_to(50, 1e6),
    gene_mean_sd=from_to(0, 3),
    dispersion=from_to(0.05, 1e6) | st.just(float("inf")),
    abundance_effect=from_to(0, 5),
    switch_effect=from_to(0, 20),
    drive_noise=from_to(0, 10),
    isoform_shares=st.sampled_from([(1.0,), (0.5, 0.5), (0.0,) * 18 + (1.0,)]),
    isoform_imbalance=from_to(1, 1e6),
    single_isoform_share=from_to(0, 1),
    usage_concentration=from_to(0.1, 1e9) | st.just(float("inf")),
    interaction_share=from_to(0, 1),
    degradation_strength=from_to(0, 10),
    composition_strength=from_to(0, 5),
    batch_strength=from_to(0, 5),
    depth_sd=from_to(0, 2),
    balanced_noise=st.booleans(),
    sampling=st.sampled_from(SAMPLINGS),
)


@given(spec=SPECS, seed=st.integers(0, 2**32 - 1))
def test_simulation__of_any_possible_spec_divides_finite_counts(spec, seed):
    drawn = simulation(spec, seed=seed)
    assert np.isfinite(drawn.transcript_counts).all()
    assert drawn.transcript_counts.min() >= 0
    totals = np.add.reduceat(drawn.transcript_counts, drawn.plan.offsets[:-1], axis=0)
    np.testing.assert_allclose(totals, drawn.gene_counts, rtol=1e-9)


@given(spec=SPECS)
def test_simulation__plants_as_many_genes_as_the_modules_hold(spec):
    plan = simulation(spec, seed=0).plan
    assert np.bincount(plan.module_of + 1, minlength=len(spec.module_sizes) + 1)[1:].tolist() == list(spec.module_sizes)
    assert (plan.roles[plan.planted] == next(iter(spec.role_shares))).all()
