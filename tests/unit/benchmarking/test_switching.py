from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from isograph.benchmarking.switching import SwitchCalls, mean_abs_correlation, switch_calls


class SomeFit:
    """The tables of a fit of 300 genes in 12 samples, the first 200 of which have both features."""

    def __init__(self, roles: pl.DataFrame, *, n_removed: int = 0) -> None:
        rng = np.random.default_rng(0)
        rows = [(f"g{n:03d}::{channel}", f"g{n:03d}", channel, 2) for n in range(300) for channel in channels(n)]
        meta = pl.DataFrame(rows, schema=["feature_id", "gene_id", "feature_type", "n_transcripts"], orient="row")
        self.values = rng.standard_normal((len(rows), 12))
        self.values -= self.values.mean(axis=1, keepdims=True)
        scores = pl.DataFrame(self.values, schema=[f"s{n}" for n in range(12)])
        self.feature_scores = (
            pl.concat([meta, scores], how="horizontal").sample(fraction=1.0, shuffle=True, seed=1).lazy()
        )
        self.module_gene_roles = roles.lazy()
        factors = {"factor_id": ["H1", "H1", "H2", "H2"], "removed": [n_removed > 0] * 2 + [n_removed > 1] * 2}
        self.hidden_factors = pl.DataFrame(factors).lazy()


def channels(gene: int) -> tuple[str, ...]:
    return ("abundance", "switch") if gene < 200 else ("abundance",) if gene < 270 else ("switch",)


def test_switch_calls__of_both_roles():
    roles = ["coupled", "abundance_only", "discordant", "inactive", "switch_only", "abundance_only"]
    supported = ["coupled", *["abundance_only"] * 5]
    frame = pl.DataFrame({"gene_id": list("abcdef"), "module_role": roles, "supported_role": supported})
    fit = SomeFit(frame, n_removed=1)
    calls = switch_calls(fit, residual_dof=10)
    pairs = fit.values[:400].reshape(200, 2, 12)
    r = np.array([np.corrcoef(pair)[0, 1] for pair in pairs])
    assert calls == SwitchCalls(
        n_switch_features=230,
        n_module_genes=6,
        switch_role_rate=0.5,
        supported_switch_rate=pytest.approx(1 / 6),
        n_with_both=200,
        mean_abs_r=pytest.approx(np.abs(r).mean()),
        expected_abs_r=mean_abs_correlation(9),
    )
    assert calls.mean_abs_r == pytest.approx(mean_abs_correlation(10), abs=0.04)


def test_switch_calls__without_modules_and_supported_roles():
    calls = switch_calls(SomeFit(pl.DataFrame(schema={"module_role": pl.String})), residual_dof=10)
    assert (calls.n_module_genes, calls.switch_role_rate, calls.supported_switch_rate) == (0, 0.0, None)


@pytest.mark.parametrize("n", [3, 5, 24, 150])
def test_mean_abs_correlation__is_what_is_drawn(n):
    rng = np.random.default_rng(n)
    x, y = rng.standard_normal((2, 40_000, n))
    x, y = (rows - rows.mean(axis=1, keepdims=True) for rows in (x, y))
    r = (x * y).sum(axis=1) / np.sqrt(np.square(x).sum(axis=1) * np.square(y).sum(axis=1))
    assert mean_abs_correlation(n - 2) == pytest.approx(np.abs(r).mean(), rel=0.02)
    assert mean_abs_correlation(0) == 1.0
