"""Write the reference pages that are made from the code and from the committed reports of benchmarks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import orjson

import isograph as ig
from isograph.benchmarking.report import report_table
from isograph.cli.app import COMMANDS, app
from isograph.config import BACKENDS, BackendConfig
from isograph.results.table_set import LazyTable
from isograph.schemas import FIT_TABLES, Table
from isograph.schemas.explanation import EXPLAIN_TABLES
from isograph.schemas.structure import SWITCH_STRUCTURE

DOCS = Path(__file__).resolve().parent
REPORTS = DOCS.parent / "artifacts" / "reports"
WIDTH = 100


def table_page() -> str:
    """Return the page of every table of a fit and of an explanation."""
    parts = [
        "# Tables of a fit",
        "One parquet file per table, made by `isograph fit`. Keys are text. NaN: not estimable. Null: does not apply.",
    ]
    parts += [*map(_table_section, FIT_TABLES.values())]
    told = "One parquet file per module and table, made by `isograph explain-module`; opened, `module_id` comes first."
    parts += ["# Tables of an explanation", told, *map(_table_section, EXPLAIN_TABLES.values())]
    parts += [
        "# Table of switch pairs",
        "The file that `isograph annotate-structure` writes; `structure.md` says what the labels mean.",
        _table_section(SWITCH_STRUCTURE),
    ]
    return "\n\n".join(parts) + "\n"


def _table_section(table: Table) -> str:
    lines = [
        f"## {table.name}",
        "",
        f"`{table.name}.parquet`: {table.row}.",
        f"Key: {', '.join(f'`{name}`' for name in table.key)}. Order: {table.order}.",
        "",
        "| column | type | meaning | null |",
        "|---|---|---|---|",
    ]
    for column in table.columns:
        cells = (f"`{column.name}`", str(column.dtype), column.meaning, column.null or "never")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    if table.more is not None:
        lines.append(f"| one per sample | {table.more} | {table.more_meaning} | never |")
    return "\n".join(lines)


def command_page() -> str:
    """Return the page of every command's help, and of the backend settings."""
    sizes = {"max_content_width": WIDTH, "terminal_width": WIDTH, "help_option_names": ["-h", "--help"]}
    root = click.Context(app, info_name="isograph", **sizes)
    parts = ["# Commands", _help(app, root)]
    for name in COMMANDS:
        command = app.get_command(root, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=root, **sizes)
        parts += [f"## isograph {name}", _help(command, context)]
    return "\n\n".join([*parts, *(_settings(*backend) for backend in BACKENDS.items())]) + "\n"


def _help(command: click.Command, context: click.Context) -> str:
    return f"```\n{command.get_help(context)}\n```"


def _settings(backend: str, configuration: type[BackendConfig]) -> str:
    described = (configuration.__doc__ or "").partition("----------\n")[2].strip().splitlines()
    lines = [
        f"## Settings of the {backend} backend",
        "",
        f"`isograph fit --backend {backend} --set key=value`; the defaults are meant for every data set.",
        "",
    ]
    lines += ["| setting | default | meaning |", "|---|---|---|"]
    for line in described:
        name, _, meaning = line.strip().partition(" : ")
        default = getattr(configuration(), name)
        cells = (f"`{name}`", "auto" if default is None else str(default), meaning)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


BENCHMARK_TERMS = """\
Every number here is read from the reports in `artifacts/reports/`, which `isograph benchmark` writes; `make reports`
makes them again. Each run simulates a fixture with one seed and fits it, with the defaults of the backend, in a process
of its own.

* planted, found: modules. recovery: mean over planted modules of the best Jaccard index with a found one.
* ari: adjusted Rand index over planted genes, a gene in no module being a cluster of its own.
* background: share of the genes that were not planted and are in a module.
* role recall: the least recall among the planted roles.
* seconds and peak MB: of the whole process, as the operating system counted them; peak is the largest of the seeds.
* gates: the limits the fixture sets itself; where they are not kept, which and in how many runs.

Where no gene switches (`null_usage_v1`, [method.md](method.md#what-nothing-looks-like)):

* in modules: genes in modules. switch features: those of the network.
* switch roles, supported: share of the genes in modules that switch by their `module_role`, or `supported_role`.
* mean |r|, expected: mean |Pearson r| between the two features of a gene, and that of independent features.

Values are means over the seeds. A dash: the fixture has nothing to take the metric of."""


def benchmark_page(reports: Path = REPORTS) -> str:
    """Return the page of every committed benchmark report."""
    parts = ["# Benchmarks", BENCHMARK_TERMS]
    parts += [_benchmark_section(_report(path)) for path in sorted(reports.glob("*-benchmark.json"))]
    parts += [_stability_section(_report(path)) for path in sorted(reports.glob("*-stability.json"))]
    if len(parts) == 2:
        parts.append("There is no report yet.")
    return "\n\n".join(parts) + "\n"


def _report(path: Path) -> dict[str, Any]:
    return orjson.loads(path.read_bytes())


def _benchmark_section(report: dict[str, Any]) -> str:
    columns, rows = report_table(report)
    return "\n".join(
        [
            f"## {report['stage']}",
            "",
            f"{_setting(report)} {_verdict(report)}",
            "",
            *_markdown(columns, rows, text_columns=("dataset", "gates")),
        ]
    )


def _verdict(report: dict[str, Any]) -> str:
    summary, failures = report["summary"], report["gate_failures"]
    told = [f"Runs: {summary['n_runs']}."]
    if summary["n_without_result"]:
        told.append(f"No result: {summary['n_without_result']}.")
    if any(row["gates"] for row in report["results"]):
        failing = len({(failure["dataset"], failure["seed"]) for failure in failures})
        told.append(f"Runs in which a gate is not kept: {failing}.")
    if summary["mean_ari"] is not None:
        told.append(f"Over all runs ari is {summary['mean_ari']:.3f}, least {summary['min_ari']:.3f}.")
    if summary["mean_background_rate"] is not None:
        mean, largest = summary["mean_background_rate"], summary["max_background_rate"]
        told.append(f"Background is {mean:.2%}, largest {largest:.2%}.")
    if summary["share_without_module"]:
        told.append(f"Runs without any module: {summary['share_without_module']:.1%}.")
    return " ".join(told)


def _stability_section(report: dict[str, Any]) -> str:
    settings = report["settings"]
    (name,) = report["default"]
    columns = (name, "modules", "ari", "nmi", "ari of all", "± se", "in both")
    keys = (name, "n_modules", "ari", "nmi", "ari_of_all", "ari_of_all_se", "share_in_both")
    rows = [tuple("–" if row[key] is None else f"{row[key]:.3g}" for key in keys) for row in settings]
    default, chosen, edges = report["default"][name], report["recommended"][name], report["edges"]
    told = (
        f"{_setting(report)} Projected out: {', '.join(report['projected_out']) or 'nothing'}. "
        f"{report['n_halves']} fits of {report['samples_in_a_half']} of {report['n_samples']} samples, in pairs that "
        "share none. ari and nmi are over the genes in a module of both halves of a pair, ari of all over those in a "
        f"module of either. Default: {name} = {default:g}; most reproducible: {chosen:g} "
        f"({report['recommended_reason']}). Of {edges['n_edges']:,} edges, {edges['n_with_frequency_0.5']:,} are in "
        f"half of the halves or more and {edges['n_with_frequency_0.9']:,} in nine of ten."
    )
    title = f"## Stability of {report['dataset']} ({report['stage']})"
    return "\n".join([title, "", told, "", *_markdown(columns, rows)])


def _setting(report: dict[str, Any]) -> str:
    seeds = report["seeds"]
    named = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {', '.join(map(str, seeds))}"
    version = report["isograph_version"]
    return f"`{report['backend']}`, isograph {version}, {named}, recorded covariates {report['covariates']}."


def _markdown(
    columns: tuple[str, ...], rows: list[tuple[str, ...]], *, text_columns: tuple[str, ...] = ()
) -> list[str]:
    rules = ("---" if column in text_columns else "---:" for column in columns)
    cells = (columns, tuple(rules), *rows)
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells]


ABLATION_TERMS = """\
Each choice of the `factor` backend is changed alone, all else as by default. `make ablation` runs it all again and
rewrites this page and `artifacts/reports/ablation.json`, from which every number here is read.

* planted ari, least planted ari, planted background: mean and least adjusted Rand index over planted genes, and mean
  share of the other genes that are in a module.
* stress: the same where something hides the modules; recorded covariates are withheld.
* null runs with a module: runs on data without structure in which a module was found.
* halves: agreement of two random halves of the samples of real data, mean over the splits. ari and nmi: over the genes
  in a module of both. in both: the share of all genes that are. ari of all: over the genes in a module of either, a
  gene in none being a module of its own. Whatever finds only the most certain genes agrees well on them, so no
  agreement says anything without the share in both.
* real modules, real assigned: modules of all samples of the real data, and the share of the genes in one. More is not
  better, nor is less.
* seconds: of all inferences together, without making the features; a dash where only the last partition is made again
  on the features as the default leaves them."""


def ablation_page(report: Path = REPORTS / "ablation.json") -> str:
    """Return the page of what each choice of the factor backend is worth."""
    told = _report(report)
    metrics = told["metrics"]
    columns = ("choice", "variant", *(metric["title"] for metric in metrics))
    rows = [("default", "", *_cells(metrics, told["default"]))]
    rows += [
        (choice["name"], row["name"], *_cells(metrics, row)) for choice in told["choices"] for row in choice["variants"]
    ]
    parts = [
        "# What each choice is worth",
        ABLATION_TERMS,
        _ablation_data(told),
        "\n".join(_markdown(columns, rows, text_columns=columns[:2])),
        "![every variant beside the default](ablation.png)",
        "The line is the default; a bar is the 95 % interval of the difference from it over the splits.",
        "## Choices",
        _best(told),
        *(_choice_section(choice, told) for choice in told["choices"]),
    ]
    return "\n\n".join(parts) + "\n"


def _ablation_data(told: dict[str, Any]) -> str:
    groups = {name: name for name in ("planted", "stress", "null")}
    projected_out = f", {', '.join(told['projected_out'])} projected out" if told["projected_out"] else ""
    groups["real"] = f"halves ({told['n_splits']} splits) and real{projected_out}"
    lines = []
    for group, title in groups.items():
        names, runs = told["data"][group]["datasets"], told["data"][group]["runs"]
        seeds = f" ({runs} runs)" if runs > 1 else ""
        lines.append(f"* {title}{seeds}: {', '.join(names)}.")
    return "\n".join(["The data:", "", *lines])


def _cells(metrics: list[dict[str, Any]], row: dict[str, Any]) -> list[str]:
    return [_cell(metric["key"], row[metric["key"]]) for metric in metrics]


def _cell(key: str, value: float | None) -> str:
    if value is None:
        return "–"
    if key.endswith(("background", "in_both", "assigned")):
        return f"{value:.1%}"
    return f"{value:.0f}" if key in ("null_with_module", "real_modules", "seconds") else f"{value:.3f}"


def _best(told: dict[str, Any]) -> str:
    limits = {metric["key"]: metric["limit"] for metric in told["metrics"]}
    better = [
        f"{choice['name']} {row['name']}"
        for choice in told["choices"]
        for row in choice["variants"]
        if row["better"] and not row["worse"]
    ]
    every = [row for choice in told["choices"] for row in choice["variants"]]
    alike = sum(all(key.startswith("halves") for key in (*row["better"], *row["worse"])) for row in every)
    return (
        f"A difference counts if it is more than {limits['planted_ari']:g} in a mean ari or a background, more than "
        f"{limits['planted_ari_least']:g} in a least ari, more than {limits['halves_ari']:g} in a metric of halves and "
        "outside its 95 % interval over the splits, and always in null runs. "
        f"Better than the default in a column and worse in none: {'; '.join(better) or 'no variant'}. "
        f"On simulated data {alike} of the {len(every)} variants do not differ from the default: what is planted there "
        "is found either way, and real data tell them apart."
    )


def _choice_section(choice: dict[str, Any], told: dict[str, Any]) -> str:
    lines = [f"### {choice['name']}", "", f"{choice['told']} Default: {choice['default']}.", ""]
    return "\n".join([*lines, *(f"* {row['name']}: {_against_default(row, told)}" for row in choice["variants"])])


def _against_default(row: dict[str, Any], told: dict[str, Any]) -> str:
    parts = []
    for name in ("worse", "better"):
        differing = [
            f"{metric['title']} ({_cell(key, row[key])} against {_cell(key, told['default'][key])})"
            for metric in told["metrics"]
            if (key := metric["key"]) in row[name]
        ]
        if differing:
            parts.append(f"{name} in {', '.join(differing)}")
    return f"{'; '.join(parts) or 'no difference that counts'}."


API_HEAD = """\
# Python

`import isograph as ig`, then Tab: what this page lists is what there is. Every command of the command line is a
function with the same options; results are classes whose tables are attributes. Nothing is loaded before it is used.

```python
import isograph as ig

bundle = ig.from_frames(transcripts=counts, samples=samples, tx2gene=tx2gene, out="my_bundle")
fit = ig.fit(bundle, covariates="batch", traits="condition:ref=control")
fit  # in a notebook: the summary
fit.modules.collect()  # a Polars lazy frame
fit.relation("edges").filter("weight > 0.9")  # a DuckDB relation
ig.explain(fit, plot=True)
```"""


def api_page() -> str:
    """Return the page of every function, result and exception of the package."""
    public = {name: getattr(ig, name) for name in ig.__all__ if not name.startswith("__")}
    functions = {name: value for name, value in public.items() if inspect.isfunction(value)}
    errors = {name: value for name, value in public.items() if isinstance(value, type) and issubclass(value, Exception)}
    classes = {name: value for name, value in public.items() if name not in functions and name not in errors}
    parts = [API_HEAD, "## Functions", *(_function_section(*entry) for entry in functions.items())]
    parts += ["## Results and settings", *(_class_section(*entry) for entry in classes.items())]
    rows = [
        (f"`{name}`", " ".join((inspect.getdoc(value) or "").split()), str(value.exit_code))
        for name, value in errors.items()
    ]
    parts += ["## Exceptions", "\n".join(_markdown(("exception", "raised when", "exit code"), rows))]
    return "\n\n".join(parts) + "\n"


def _function_section(name: str, function: Callable[..., object]) -> str:
    signature = inspect.signature(function)
    arguments = [f"    {str(parameter).replace(chr(39), '')}," for parameter in signature.parameters.values()]
    keywords = next(
        (n for n, parameter in enumerate(signature.parameters.values()) if parameter.kind is parameter.KEYWORD_ONLY),
        None,
    )
    if keywords is not None:
        arguments.insert(keywords, "    *,")
    head = "\n".join([f"ig.{name}(", *arguments, f") -> {signature.return_annotation}"])
    return f"### {name}\n\n```python\n{head}\n```\n\n```text\n{inspect.getdoc(function)}\n```"


def _class_section(name: str, value: object) -> str:
    lines = [f"### {name}", "", f"```text\n{inspect.getdoc(value)}\n```"]
    tables = [(entry, member.__doc__) for entry, member in vars(value).items() if isinstance(member, LazyTable)]
    if tables:
        rows = [(f"`{entry}`", doc or "") for entry, doc in tables]
        lines += ["", *_markdown(("table", "a row is"), rows, text_columns=("table", "a row is"))]
    return "\n".join(lines)


PAGES = {
    "api.md": api_page,
    "tables.md": table_page,
    "commands.md": command_page,
    "benchmarks.md": benchmark_page,
    "ablation.md": ablation_page,
}

if __name__ == "__main__":
    for filename, page in PAGES.items():
        (DOCS / filename).write_text(page(), encoding="utf-8")
