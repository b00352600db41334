from __future__ import annotations

import polars as pl
import pytest

from isograph.results.summary import fit_summary
from isograph.schemas import EIGENGENES, MODULE_GENE_ROLES, MODULE_SUMMARY, MODULES, TRAITS

NAN = float("nan")


def rows(contract, *values: dict[str, object]) -> pl.LazyFrame:
    empty = {"gene_name": None, "reason": None, "level": None, "reference": None, "aliases": None}
    filled = [{name: value.get(name, empty.get(name, 0)) for name in contract.schema} for value in values]
    return pl.DataFrame(filled, schema=contract.schema).lazy()


def summary_of(
    sizes: list[int],
    *,
    unassigned: int = 0,
    covariates: tuple[str, ...] = (),
    traits=(),
    roles=(),
    chance=0.05,
    eigengenes=(),
    roles_of_020: bool = False,
):
    genes = [(f"M{number:03d}", f"g{number}_{i}") for number, size in enumerate(sizes) for i in range(size)]
    tables = {
        "modules": rows(
            MODULES,
            *(
                {"gene_id": gene, "module_id": module, "kme": -0.914, "gene_name": "TP53" if gene == "g0_0" else None}
                for module, gene in genes
            ),
        ),
        "module_summary": rows(
            MODULE_SUMMARY,
            *(
                {"module_id": f"M{i:03d}", "n_genes": size, "hub_gene": f"g{i}_0", "variance_explained": 0.376}
                for i, size in enumerate(sizes)
            ),
        ),
        "module_gene_roles": rows(MODULE_GENE_ROLES, *roles),
        "eigengenes": rows(EIGENGENES, *eigengenes),
        "traits": rows(TRAITS, *traits),
    }
    if roles_of_020:
        tables["module_gene_roles"] = tables["module_gene_roles"].drop("supported_role")
    config = {
        "bundle": {"dataset_name": "cohort\x1b"},
        "covariates": list(covariates),
        "covariates_as_read": dict.fromkeys(covariates, "number"),
    }
    calibration = {
        "n_unassigned_genes": unassigned,
        "n_samples": 24,
        "chance_of_active_channel": chance,
        "n_edges": 12_345,
    }
    return fit_summary(tables, config, calibration)


def test_fit_summary__says_what_was_found():
    summary = summary_of([1200, 7, 4], unassigned=5000, covariates=("batch", "age\x07"))
    assert summary.headline == (
        "cohort\\x1b: 3 modules of 4 to 1,200 genes; 1,211 of 6,211 genes in a module, 12,345 edges.",
        "Projected out: batch (number), age\\x07 (number).",
    )
    assert summary.modules.select("module", "genes", "hub gene", "kME", "variance").rows() == [
        ("M000", "1,200", "TP53", "-0.91", "38%"),
        ("M001", "7", "g1_0", "-0.91", "38%"),
        ("M002", "4", "g2_0", "-0.91", "38%"),
    ]


def test_fit_summary__of_one_module_is_in_the_singular():
    assert summary_of([7]).headline[0] == "cohort\\x1b: 1 module; 7 of 7 genes in a module, 12,345 edges."


def test_fit_summary__of_no_module_says_that_this_is_a_result():
    summary = summary_of([], unassigned=40)
    assert summary.as_text() == (
        "cohort\\x1b: 0 modules; 0 of 40 genes in a module, 12,345 edges.\n"
        "No module was found: no group of genes moves together more than chance explains. That is a result."
    )
    assert "<table>" not in summary._repr_html_()


ROLES = [
    {"module_id": module, "gene_id": f"g{gene}", "module_role": by_rule, "supported_role": supported}
    for module, gene, by_rule, supported in (
        ("M000", 0, "switch_only", "switch_only"),
        ("M000", 1, "coupled", "abundance_only"),
        ("M000", 2, "switch_only", "switch_only"),
        ("M001", 0, "inactive", "inactive"),
    )
]


def test_fit_summary__counts_the_supported_roles_of_each_module():
    summary = summary_of([5, 4], roles=ROLES, chance=0.35)
    assert summary.modules.get_column("roles").to_list() == ["2 switch_only, 1 abundance_only", "1 inactive"]
    assert (
        "By that rule (module_role) 3 genes switch with their module; 2 have evidence for it (supported_role, q ≤ 0.05)"
        in summary.cautions[0]
    )


def test_fit_summary__of_a_fit_without_supported_roles_counts_those_of_the_rule():
    summary = summary_of([5, 4], roles=ROLES, chance=0.35, roles_of_020=True)
    assert summary.modules.get_column("roles").to_list() == ["1 coupled, 2 switch_only", "1 inactive"]
    assert summary.cautions[0].endswith(": read roles as shares of a module, not gene by gene.")


def test_fit_summary__marks_modules_that_are_one_or_two_samples():
    profiles = {"M000": [0.8, -0.5, -0.3, 0.0], "M001": [0.6, -0.6, 0.4, -0.4], "M002": [0.5, -0.5, 0.5, -0.5]}
    eigengenes = [
        {"module_id": module, "sample_id": f"S{number}", "eigengene": value}
        for module, values in profiles.items()
        for number, value in enumerate(values)
    ]
    summary = summary_of([5, 4, 3], eigengenes=eigengenes)
    assert summary.modules.get_column("module").to_list() == ["M000*", "M001*", "M002"]
    (caution,) = summary.cautions
    assert caution == (
        "* one or two samples are more than half of the eigengene: M000 (S0 64%); M001 (S0 36%, S1 36%). "
        "Look at them first."
    )


def test_fit_summary__shows_the_strongest_associations():
    traits = [
        {"module_id": f"M00{i}", "trait": "age", "test": "pearson", "effect": 0.5, "pvalue": p, "qvalue": q, "n": 30}
        for i, (p, q) in enumerate([(0.2, 0.3), (NAN, NAN), (1e-9, 4e-9), (0.5, 0.5), (0.01, 0.02)])
    ]
    traits.append(
        {
            "module_id": "M000", "trait": "dx", "test": "welch", "effect": -0.25, "pvalue": 1e-12, "qvalue": 6e-12,
            "n": 28, "level": "case", "reference": "control",
        }
    )  # fmt: skip
    summary = summary_of([5, 4, 4, 3, 3], traits=traits)
    assert summary.associations.select("module", "trait", "test", "p", "q", "n").rows() == [
        ("M000", "dx: case − control", "welch", "1.0e-12", "6.0e-12", "28"),
        ("M002", "age", "pearson", "1.0e-09", "4.0e-09", "30"),
        ("M004", "age", "pearson", "1.0e-02", "2.0e-02", "30"),
        ("M000", "age", "pearson", "2.0e-01", "3.0e-01", "30"),
        ("M003", "age", "pearson", "5.0e-01", "5.0e-01", "30"),
    ]
    assert (summary.n_tests, summary.n_significant) == (5, 3)
    assert "Strongest trait associations (5 tests, 3 with q < 0.05)" in summary.as_text().splitlines()


GIANT = "M000 holds 45% of all genes."
ADVICE = " If a technical difference drives it, name it with covariates."


@pytest.mark.parametrize(
    ("sizes", "unassigned", "covariates", "caution"),
    [
        ([90, 10], 100, (), GIANT + ADVICE),
        ([90, 10], 100, ("batch",), GIANT),
        ([60, 10], 140, (), None),
        ([12, 12], 0, (), None),
    ],
    ids=["giant", "giant behind a covariate", "large", "small data"],
)
def test_fit_summary__warns_of_a_giant_module(sizes, unassigned, covariates, caution):
    summary = summary_of(sizes, unassigned=unassigned, covariates=covariates)
    assert [text for text in summary.cautions if text.startswith("M000 holds")] == ([caution] if caution else [])
    assert (f"Caution: {caution}" in summary.as_text()) == (caution is not None)


@pytest.mark.parametrize(("chance", "cautions"), [(0.1, 0), (0.35, 1)])
def test_fit_summary__warns_of_roles_that_chance_makes(chance, cautions):
    found = summary_of([7], chance=chance).cautions
    assert len(found) == cautions
    assert all(
        "with 24 samples chance alone makes a channel active (|r| ≥ 0.2) in 35% of cases" in told for told in found
    )


@pytest.mark.parametrize(
    ("test", "level", "reference", "effect"),
    [
        ("partial_pearson", None, None, "-0.41"),
        ("mixed_model", None, None, "-0.41"),
        ("linear_model_hc3", "b", "a", "-0.41"),
        ("linear_model_hc3", "a|b|c", None, "η² -0.41"),
        ("mixed_model", "a|b|c", None, "η² -0.41"),
        ("spline", None, None, "η² -0.41"),
        ("mixed_model_spline", None, None, "η² -0.41"),
    ],
)
def test_fit_summary__says_what_an_effect_is(test, level, reference, effect):
    row = {"module_id": "M000", "trait": "x", "test": test, "level": level, "reference": reference, "effect": -0.41}
    assert summary_of([5], traits=[row]).associations.get_column("effect").to_list() == [effect]


def test_fit_summary__says_which_traits_have_no_p_and_why():
    def row(module: str, trait: str, pvalue: float, reason: str | None = None) -> dict[str, object]:
        return {"module_id": module, "trait": trait, "test": "welch", "pvalue": pvalue, "reason": reason}

    nested = "determined by covariate 'line'"
    traits = [
        *(row(module, trait, NAN, nested) for module in ("M000", "M001") for trait in ("donor", "sex")),
        *(row(module, "age", 0.2, "levels with too few samples left out: x (1)") for module in ("M000", "M001")),
        row("M000", "dose", NAN, "no variance within a level"),
        row("M001", "dose", 0.1),
    ]
    assert summary_of([5, 4], traits=traits).cautions == (
        "no p-value for 'donor', 'sex': determined by covariate 'line'.",
    )
