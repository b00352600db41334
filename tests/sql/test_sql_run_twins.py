"""Each view and macro over runs, answered again by Polars from the files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy.stats import hypergeom

from isograph.bundle.read import read_bundle
from isograph.database.connection import relation_frame
from isograph.database.statement import statement, statements
from isograph.schemas import FIT_TABLES
from isograph.schemas.explanation import EXPLAIN_TABLES

NAMES = ("other", "run")
ASKED = {
    "edges_of": {"gene": "G0001", "in_run": None},
    "gene_story": {"gene": "G0001"},
    "module_genes": {"module": "M001", "in_run": "other"},
    "shared_modules": {"run_a": "run", "run_b": "other"},
    "top_drivers": {"module": "M001", "n": 7, "in_run": None},
    "trait_modules": {"of_trait": "Dx", "max_q": 1.0, "in_run": None},
    "transcript_usage": {"gene": "G0001", "in_run": None},
}


def with_run(frame: pl.DataFrame, run: str) -> pl.DataFrame:
    return frame.select(pl.lit(run).alias("run"), pl.all())


def fits(runs: Path, table: str) -> pl.DataFrame:
    parts = [with_run(pl.read_parquet(runs / "fits" / name / f"{table}.parquet"), name) for name in NAMES]
    return pl.concat(parts, how="diagonal")


def bundles(runs: Path, table: str, row: str | None = None, names: tuple[str, ...] = NAMES) -> pl.DataFrame:
    parts = []
    for name in names:
        frame = pl.read_parquet(runs / "bundles" / name / f"{table}.parquet")
        frame = frame if row is None else frame.with_columns(pl.int_range(frame.height, dtype=pl.Int64).alias(row))
        parts.append(with_run(frame, name))
    rows = pl.concat(parts, how="diagonal_relaxed")
    # NOTE: these views have symbols, whether the bundles have them or not.
    names_genes = table in ("genes", "transcripts") and "gene_name" not in rows.columns
    return rows.with_columns(gene_name=pl.lit(None, pl.String)) if names_genes else rows


def explanation(runs: Path, table: str) -> pl.DataFrame:
    parts = [
        with_run(pl.read_parquet(file).with_columns(module_id=pl.lit(file.parent.name)), "run")
        for file in (runs / "explain" / "run").glob(f"*/{table}.parquet")
    ]
    return pl.concat(parts).with_columns(pl.col("^n_.*$").cast(pl.Int64))


def counts(runs: Path, kind: str) -> pl.DataFrame:
    parts = []
    for name in NAMES:
        bundle = read_bundle(runs / "bundles" / name)
        ids = bundle.feature_tables[kind].select(pl.col("^(transcript|gene)_id$"))
        wide = ids.hstack(pl.DataFrame(bundle.matrices[f"{kind}_counts"], schema=bundle.sample_ids))
        long = wide.unpivot(index=ids.columns, variable_name="sample_id", value_name="count")
        parts.append(with_run(long, name))
    return pl.concat(parts)


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for name, entry in value.items():
            key = name if name.isidentifier() else f'"{name}"'
            yield from leaves(entry, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from leaves(entry, f"{path}[{number}]")
    else:
        yield path, value


def as_text(value: object) -> str | None:
    return None if value is None else value if isinstance(value, str) else json.dumps(value)


def number(value: object) -> float | None:
    return float(value) if isinstance(value, bool | int | float) else None


def documents(runs: Path) -> Iterator[tuple[str, str, dict]]:
    for name in NAMES:
        yield name, "fit", json.loads((runs / "fits" / name / "fit_config.json").read_text())
    manifest = (runs / "explain" / "run" / "module_explanation_manifest.json").read_text()
    yield "run", "explanation", json.loads(manifest)


def config(runs: Path) -> pl.DataFrame:
    rows = [
        (run, kind, key, as_text(value))
        for run, kind, content in documents(runs)
        for key, value in leaves(content)
        if not key.startswith("files.")
    ]
    return pl.DataFrame(rows, schema=["run", "kind", "key", "value"], orient="row")


def calibration(runs: Path) -> pl.DataFrame:
    contents = {name: json.loads((runs / "fits" / name / "calibration.json").read_text()) for name in NAMES}
    rows = [
        (run, key, as_text(value), number(value)) for run, entry in contents.items() for key, value in leaves(entry)
    ]
    return pl.DataFrame(rows, schema=["run", "key", "value", "numeric_value"], orient="row", infer_schema_length=None)


def metrics(runs: Path) -> pl.DataFrame:
    rows = []
    for file in (runs / "reports").glob("*.json"):
        report, kind = json.loads(file.read_text()), file.stem.removeprefix("multiplex_v1-factor-")
        for result in report["results"]:
            for key, value in leaves(result):
                if key != "seed" and number(value) is not None:
                    rows.append((report["stage"], kind, result["dataset"], result["seed"], key, number(value)))
    return pl.DataFrame(rows, schema=["run", "report", "dataset", "seed", "metric", "value"], orient="row")


def role_counts(runs: Path) -> pl.DataFrame:
    roles = fits(runs, "module_gene_roles")
    kinds = ("coupled", "switch_only", "abundance_only", "discordant", "inactive")
    counted = [(pl.col("module_role") == kind).sum().cast(pl.Int64).alias(f"n_{kind}") for kind in kinds]
    return roles.group_by("run", "module_id", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("n_genes"), *counted
    )


def feature_scores_long(runs: Path) -> pl.DataFrame:
    index = ["run", "feature_id", "gene_id", "feature_type"]
    wide = fits(runs, "feature_scores").drop("n_transcripts")
    long = wide.unpivot(index=index, variable_name="sample_id", value_name="score")
    return long.filter(pl.col("score").is_not_null())


def listed(runs: Path) -> pl.DataFrame:
    version = json.loads((runs / "fits" / "run" / "manifest.json").read_text())["isograph_version"]
    rows = [(name, "fit", f"fits/{name}", dataset, "factor", 3, version, None) for name, dataset in DATASETS.items()]
    rows += [(name, "bundle", f"bundles/{name}", dataset, *[None] * 4) for name, dataset in DATASETS.items()]
    rows += [("run", "explanation", "explain/run", None, None, None, version, "run")]
    for file in (runs / "reports").glob("*.json"):
        report = json.loads(file.read_text())
        told = (report["backend"], report["seed"], report["isograph_version"])
        rows.append((report["stage"], "report", f"reports/{file.name}", None, *told, None))
    return pl.DataFrame(
        rows, schema=list(statement("artifact", "runs").columns), orient="row", infer_schema_length=None
    )


DATASETS = {"run": "toy_multiplex_v1", "other": "toy_v1"}


def gene_names(runs: Path) -> pl.DataFrame:
    tables = ("modules", "switch_loadings", "excluded_features")
    ids = ["run", "gene_id"]
    parts = [fits(runs, table).select(*ids, "gene_name") for table in tables]
    parts += [fits(runs, "feature_scores").select(*ids, gene_name=pl.lit(None, pl.String))]
    parts += [bundles(runs, table).select(*ids, "gene_name") for table in ("genes", "transcripts")]
    return pl.concat(parts).group_by(ids, maintain_order=True).agg(pl.col("gene_name").min())


def module_genes(runs: Path) -> pl.DataFrame:
    roles = fits(runs, "module_gene_roles").select("run", "gene_id", "module_role")
    joined = fits(runs, "modules").join(roles, on=["run", "gene_id"], how="left", validate="1:1", maintain_order="left")
    return joined.filter(pl.col("module_id") == "M001", pl.col("run") == "other")


def ranked_drivers(runs: Path) -> pl.DataFrame:
    drivers = explanation(runs, "gene_driver_table").sort(pl.col("r").abs(), descending=True)
    rank = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("run", "module_id").alias("driver_rank")
    return drivers.with_columns(rank)


def top_drivers(runs: Path) -> pl.DataFrame:
    return ranked_drivers(runs).filter(pl.col("module_id") == "M001", pl.col("driver_rank") <= 7)


def edges_of(runs: Path) -> pl.DataFrame:
    gene, edges = "G0001", fits(runs, "edges")
    modules = fits(runs, "modules").select(
        "run", partner="gene_id", partner_name="gene_name", partner_module="module_id"
    )
    ends = []
    for here, there in (("source", "target"), ("target", "source")):
        ends.append(
            edges.filter(pl.col(here) == gene).select(
                "run",
                "weight",
                "similarity",
                gene_id=pl.lit(gene),
                partner=there,
                feature_type=f"{here}_feature_type",
                partner_feature_type=f"{there}_feature_type",
            )
        )
    return pl.concat(ends).join(modules, on=["run", "partner"], how="left", validate="m:1", maintain_order="left")


def gene_story(runs: Path) -> pl.DataFrame:
    rows = []
    for run in NAMES:
        scores = fits(runs, "feature_scores").filter(pl.col("run") == run)
        if "G0001" not in scores.get_column("gene_id"):
            continue
        (gene,) = fits(runs, "modules").filter(pl.col("run") == run, pl.col("gene_id") == "G0001").to_dicts()
        (role,) = fits(runs, "module_gene_roles").filter(pl.col("run") == run, pl.col("gene_id") == "G0001").to_dicts()
        module = (pl.col("run") == run) & (pl.col("module_id") == gene["module_id"])
        best = fits(runs, "traits").filter(module, pl.col("pvalue").is_not_nan()).sort("pvalue", "trait").to_dicts()[0]
        driven = ranked_drivers(runs).filter(module, pl.col("gene_id") == "G0001").sort("driver_rank").to_dicts()
        driver = driven[0] if driven else {"driver_rank": None, "r": None}
        rows.append(
            {
                **{name: gene[name] for name in ("run", "gene_id", "gene_name", "module_id", "kme")},
                **{name: role[name] for name in ("module_role", "switch_r", "abundance_r")},
                "best_trait": best["trait"],
                "trait_effect": best["effect"],
                "trait_qvalue": best["qvalue"],
                "driver_rank": driver["driver_rank"],
                "driver_r": driver["r"],
            }
        )
    return pl.DataFrame(rows, schema_overrides={"gene_name": pl.String})


def shared_modules(runs: Path) -> pl.DataFrame:
    universe = set.intersection(
        *({*pl.read_parquet(runs / "fits" / name / "feature_scores.parquet")["gene_id"]} for name in NAMES)
    )
    modules = {name: pl.read_parquet(runs / "fits" / name / "modules.parquet") for name in NAMES}
    genes = {
        name: {
            module: {*frame.filter(pl.col("module_id") == module)["gene_id"]} & universe
            for module in frame["module_id"].unique()
        }
        for name, frame in modules.items()
    }
    rows = []
    for a, of_a in genes["run"].items():
        for b, of_b in genes["other"].items():
            if n := len(of_a & of_b):
                tail = hypergeom.logsf(n - 1, len(universe), len(of_a), len(of_b))
                rows.append((a, b, n, len(of_a), len(of_b), len(universe), n / len(of_a | of_b), tail))
    columns = ["module_a", "module_b", "n_shared", "n_a", "n_b", "n_genes", "jaccard", "log"]
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    return frame.with_columns(pvalue=pl.col("log").exp(), log10_pvalue=pl.col("log") / pl.lit(10.0).log())


def trait_modules(runs: Path) -> pl.DataFrame:
    summary = fits(runs, "module_summary").select("run", "module_id", "n_genes", "hub_gene")
    traits = fits(runs, "traits").filter(
        (pl.col("trait") == "Dx") | pl.col("aliases").str.split("|").list.contains("Dx")
    )
    return traits.join(summary, on=["run", "module_id"], how="left", validate="1:1", maintain_order="left")


def transcript_usage(runs: Path) -> pl.DataFrame:
    rows = counts(runs, "transcript").filter(pl.col("gene_id") == "G0001")
    total = pl.col("count").sum().over("run", "sample_id")
    return rows.with_columns(usage=pl.when(total > 0).then(pl.col("count") / total))


def trait_matrix(runs: Path) -> pl.DataFrame:
    return fits(runs, "traits").pivot("trait", index=["run", "module_id"], values="effect")


TWINS: dict[str, Callable[[Path], pl.DataFrame]] = {
    **{table: lambda runs, table=table: fits(runs, table) for table in FIT_TABLES},
    **{table: lambda runs, table=table: explanation(runs, table) for table in EXPLAIN_TABLES},
    "samples": lambda runs: bundles(runs, "samples", "sample_row"),
    "genes": lambda runs: bundles(runs, "genes", "gene_row"),
    "transcripts": lambda runs: bundles(runs, "transcripts", "transcript_row"),
    "truth_modules": lambda runs: bundles(runs, "truth_modules").cast({"module_id": pl.String}),
    "truth_switch": lambda runs: bundles(runs, "truth_switch"),
    "truth_abundance": lambda runs: bundles(runs, "truth_abundance", names=("run",)),
    "truth_channel_role": lambda runs: bundles(runs, "truth_channel_role", names=("run",)).cast(
        {"module_id": pl.String}
    ),
    "transcript_counts": lambda runs: counts(runs, "transcript"),
    "gene_counts": lambda runs: counts(runs, "gene"),
    "feature_scores_long": feature_scores_long,
    "config": config,
    "calibration": calibration,
    "metrics": metrics,
    "role_counts": role_counts,
    "gene_names": gene_names,
    "trait_matrix": trait_matrix,
    "runs": listed,
    "problems": lambda _: pl.DataFrame(schema={"path": pl.String, "problem": pl.String}),
    "module_genes": module_genes,
    "top_drivers": top_drivers,
    "edges_of": edges_of,
    "gene_story": gene_story,
    "shared_modules": shared_modules,
    "trait_modules": trait_modules,
    "transcript_usage": transcript_usage,
}


def test_sql_of_runs__has_a_twin_for_every_view_and_macro():
    assert set(TWINS) == {*statements("artifact"), *statements("macro")}
    assert set(ASKED) == {*statements("macro")}


@pytest.mark.parametrize("name", TWINS)
def test_sql_of_runs__answers_as_polars_does(name, views, runs):
    if name in ASKED:
        asked = statement("macro", name)
        found = relation_frame(views.sql(asked.sql, params=ASKED[name]))
    else:
        asked = statement("artifact", name)
        found = relation_frame(views.sql(f"FROM {name}"))
    expected = TWINS[name](runs).select(found.columns)
    key = asked.grain.removeprefix("one row per ").split(", ")
    assert found.height == expected.height
    assert_frame_equal(found.sort(key), expected.sort(key), check_dtypes=False, rel_tol=1e-10)


@pytest.mark.parametrize("name", [name for name in ASKED if name != "shared_modules"])
def test_macro__orders_rows_as_it_says(name, views):
    asked = statement("macro", name)
    found = relation_frame(views.sql(asked.sql, params=ASKED[name]))
    keys = asked.order.split(", ")
    weighed = [pl.col(key).abs() * -1 if key in ("kme", "weight") else pl.col(key) for key in keys]
    assert found.height > 1
    assert found.equals(found.sort(weighed, maintain_order=True))


def test_shared_modules__sums_tails_that_are_too_small_for_a_number(views):
    sizes = [*accumulate([1, 40, 400, 3_000])]
    for n in sizes:
        query = statement("macro", "shared_modules").sql
        large = (
            f"WITH universe AS (SELECT 'g' || i AS gene_id FROM range({3 * n}) AS t(i)), feature_scores AS ("
            f"SELECT run, gene_id FROM universe, (VALUES ('a'), ('b')) AS r(run)), modules AS ("
            f"SELECT run, gene_id, 'M000' AS module_id FROM feature_scores WHERE CAST(gene_id[2:] AS INT) < {n}), "
        )
        body = query[query.index("WITH universe AS") :].replace("WITH universe AS", "both_measured AS", 1)
        body = body.replace("universe", "both_measured")
        (row,) = relation_frame(views.sql(large + body, params={"run_a": "a", "run_b": "b"})).to_dicts()
        expected = hypergeom.logsf(n - 1, 3 * n, n, n) / 2.302585092994046
        assert row["n_shared"] == n
        assert row["log10_pvalue"] == pytest.approx(expected, rel=1e-8)
