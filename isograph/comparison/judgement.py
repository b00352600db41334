"""The outcome of a comparison, for a program, a terminal and a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

import isograph
from isograph.comparison.operand import Operand
from isograph.errors import examples, shown
from isograph.results.table_set import LazyTable, TableSet
from isograph.store.artifact import JSON_STYLE
from isograph.text import Section, number_text, sections_text

if TYPE_CHECKING:
    import duckdb

ROWS_SHOWN = 20
LEADING_METRICS = (
    "ari",
    "recovery",
    "background_rate",
    "n_modules",
    "runtime_seconds",
    "wall_seconds",
    "peak_memory_bytes",
)
_MATCH_TITLES = {
    "reference": "reference",
    "candidate": "candidate",
    "n_genes": "shared",
    "n_reference": "of",
    "n_candidate": "and",
    "jaccard": "jaccard",
    "eigengene_r": "eigengene r",
    "pvalue": "p",
}
_DIFFERENCE_TITLES = {
    "file": "file",
    "column": "column",
    "rows": "rows",
    "max_abs_difference": "largest",
    "only_in": "only in",
    "examples": "examples",
}


def comparison_head(reference: Operand, candidate: Operand) -> dict[str, Any]:
    """Return what the record of a comparison begins with: the version and what was compared."""
    return {
        "isograph_version": isograph.__version__,
        "reference": {"path": str(reference.path), "kind": reference.kind},
        "candidate": {"path": str(candidate.path), "kind": candidate.kind},
    }


class Comparison(TableSet):
    """What two fits, snapshots, tables of modules or reports have in common and what not.

    Every table is an attribute, a lazy frame. Of fits: ``differences``, ``matches`` (modules matched by the genes they
    share), ``crosstab``, ``eigengene_correlations`` and ``configuration``. Of reports: ``metric_deltas`` and
    ``changed_metrics``.
    """

    differences = LazyTable("one row a difference beyond the tolerance")
    matches = LazyTable("one row a pair of matched modules, or a module without a partner")
    crosstab = LazyTable("genes that each pair of modules shares")
    eigengene_correlations = LazyTable("Pearson r of each pair of eigengenes")
    configuration = LazyTable("settings that differ")
    metric_deltas = LazyTable("every metric of every run of two reports")
    changed_metrics = LazyTable("metrics that changed beyond the tolerance")

    def __init__(self, kind: str, record: Mapping[str, Any], tables: Mapping[str, pl.DataFrame]) -> None:
        self.what = f"a comparison of {kind}"
        self._kind = kind
        self._record = dict(record)
        self._frames = dict(tables)

    @property
    def passed(self) -> bool:
        """Whether nothing differs, beyond what the tolerance allows."""
        return bool(self._record["passed"])

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables."""
        return tuple(self._frames)

    def as_dict(self) -> dict[str, Any]:
        """Return the whole comparison as JSON values."""
        return dict(self._record)

    def as_json(self) -> bytes:
        """Return the whole comparison as JSON with sorted keys; NaN becomes null."""
        # NOTE: a path is bytes to the system, and need not be Unicode.
        return orjson.dumps(_printable(self._record), option=JSON_STYLE | orjson.OPT_APPEND_NEWLINE)

    def _scan(self, table: str) -> pl.LazyFrame:
        return self._frames[table].lazy()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        from isograph.database.connection import frame_tables

        return frame_tables(self._frames)

    def as_text(self) -> str:
        """Return the comparison as lines for a terminal."""
        return sections_text(self._sections())

    def _sections(self) -> Iterator[Section]:
        reference, candidate = (
            f"{shown(entry['path'])} ({entry['kind']})"
            for entry in (self._record["reference"], self._record["candidate"])
        )
        yield f"Reference: {reference}; candidate: {candidate}.", None
        yield from self._report_sections() if self._kind == "reports" else self._fit_sections()

    def _fit_sections(self) -> Iterator[Section]:
        agreement = self._record["agreement"]
        sizes = [
            f"{agreement[f'n_modules_{side}']:,} modules of {agreement[f'n_genes_{side}']:,} genes in the {side}"
            for side in ("reference", "candidate")
        ]
        sentence = (
            f"{sizes[0]}, {sizes[1]}; {agreement['n_genes_in_both']:,} genes in a module of both. "
            f"ARI {number_text(agreement['ari'])}, NMI {number_text(agreement['nmi'])}; "
            f"ARI with genes of one side only {number_text(agreement['ari_of_all'])}."
        )
        yield sentence, None
        matches, configuration = self._frames["matches"], self._frames["configuration"]
        if matches.height:
            yield _titled("Modules matched by shared genes", matches, _MATCH_TITLES)
        if configuration.height:
            yield _titled("Made with other settings", configuration)
        if self._frames["differences"].height:
            yield _titled("Differences", self._frames["differences"], _DIFFERENCE_TITLES)
        else:
            yield "No differences.", None

    def _report_sections(self) -> Iterator[Section]:
        record = self._record
        for side in ("reference", "candidate"):
            if alone := record[f"only_in_{side}"]:
                names = [f"{run['dataset']}, seed {run['seed']}" for run in alone]
                yield f"{len(names)} results in the {side} only: {examples(names)}.", None
        for key, change in (("gates_failing_anew", "no longer kept"), ("gates_kept_anew", "kept anew")):
            if record[key]:
                yield f"{len(record[key])} gates {change}: {examples(record[key])}.", None
        leading = _leading_metrics(self._frames["metric_deltas"])
        if leading.height:
            yield _titled("Leading metrics, reference → candidate", leading)
        if self._frames["changed_metrics"].height:
            # Those that matter most first, then the largest change first.
            rank = {metric: number for number, metric in enumerate(LEADING_METRICS)}
            importance = pl.col("metric").replace_strict(rank, default=len(rank), return_dtype=pl.Int64)
            largest_first = -pl.col("delta").abs()
            changed = self._frames["changed_metrics"].sort(importance, largest_first, maintain_order=True)
            yield _titled("Changed metrics", changed.drop("suite"))
        elif record["passed"]:
            yield "No differences; time and memory aside.", None


def _leading_metrics(deltas: pl.DataFrame) -> pl.DataFrame:
    """Return one row a data set and seed, with the metrics that matter most as ``reference → candidate``."""
    keys = ["suite", "dataset", "seed"]
    metrics = [name for name in LEADING_METRICS if name in deltas.get_column("metric")]
    runs = deltas.select(keys).unique(maintain_order=True) if metrics else deltas.select(keys).clear()
    columns = []
    for metric in metrics:
        of_metric = deltas.filter(metric=metric).drop("metric")
        rows = runs.join(of_metric, on=keys, how="left", validate="1:1", maintain_order="left", nulls_equal=True)
        pairs = [map(number_text, pair) for pair in rows.select("reference", "candidate").iter_rows()]
        texts = [before if before == after else f"{before} → {after}" for before, after in pairs]
        columns.append(pl.Series(metric, texts, dtype=pl.String))
    return runs.select("dataset", "seed").with_columns(columns)


def _titled(title: str, frame: pl.DataFrame, headings: Mapping[str, str] | None = None) -> Section:
    """Return the title with the number of rows, and the first rows as printable texts, all columns or ``headings``."""
    rest = f", the first {ROWS_SHOWN} shown" if frame.height > ROWS_SHOWN else ""
    texts = {}
    for name, heading in (headings or dict(zip(frame.columns, frame.columns, strict=True))).items():
        values = frame.get_column(name).head(ROWS_SHOWN).to_list()
        cells = [number_text(value) if value is None or isinstance(value, float) else shown(value) for value in values]
        texts[heading] = pl.Series(cells, dtype=pl.String)
    return f"{title} ({frame.height:,}{rest}):", pl.DataFrame(texts)


def _printable(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_printable(key): _printable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(entry) for entry in value]
    return value
