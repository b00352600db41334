"""The figures of a module and of all modules together, each with the rows it is drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from isograph.arrays import Matrix
from isograph.reporting.panel import draw_contrasts, draw_drivers, draw_polarity, draw_usage
from isograph.reporting.style import DIVERGING, empty_panel, label, new_figure

TOP = 20
TOP_USAGE = 6
TRANSCRIPTS_IN_A_ROW = 8
ROW_HEIGHT = 0.22
USAGE_IN_A_ROW = 3
ON_A_PAGE = 12
LABELLED_MODULES = 80
PAGE = (8.27, 11.69)

DrawnFigure = tuple[str, Figure, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class ModuleView:
    """One module as it is drawn.

    Attributes
    ----------
    module_id : the module.
    facts : sentences for the head of the summary page.
    drivers, polarity, contrasts : its ``gene_driver_table``, ``transcript_polarity_table``, ``high_vs_low_table``.
    usage : ``gene_id``, ``transcript_id``, ``sample_id``, ``eigengene``, ``value``: the genes that turn most.
    value_name : what ``value`` is.
    names : ``gene_id``, ``label``: what a gene is called.
    """

    module_id: str
    facts: tuple[str, ...]
    drivers: pl.DataFrame
    polarity: pl.DataFrame
    contrasts: pl.DataFrame
    usage: pl.DataFrame
    value_name: str
    names: pl.DataFrame

    def driver_rows(self, n: int = TOP) -> pl.DataFrame:
        """Return the ``n`` strongest drivers of the module, with what they are called."""
        rows = self.drivers.filter("in_module", pl.col("r").is_not_nan()).head(n)
        return self._labelled(rows.select("gene_id", "feature_id", "feature_type", "r", "r_low", "r_high", "qvalue"))

    def contrast_rows(self, n: int = TOP) -> pl.DataFrame:
        """Return the ``n`` features that differ most between the high and the low samples."""
        rows = self.contrasts.filter(pl.col("statistic").is_not_nan()).head(n)
        columns = ("gene_id", "feature_id", "feature_type", "mean_high", "mean_low", "delta", "se", "qvalue")
        return self._labelled(rows.select(columns))

    def polarity_rows(self, n: int = TOP) -> pl.DataFrame:
        """Return the transcripts of the ``n`` genes that turn most, at most 8 a gene: the highest and the lowest r.

        ``column`` is the place of the transcript in its gene by r, the highest first.
        """
        half = TRANSCRIPTS_IN_A_ROW // 2
        place = pl.int_range(pl.len(), dtype=pl.Int64).over("gene_id")
        rows = (
            self.polarity.filter(pl.col("gene_id").is_in(turning_genes(self.polarity, n)), pl.col("r").is_not_nan())
            .with_columns(column=place, n_transcripts=pl.len().over("gene_id").cast(pl.Int64))
            .filter((pl.col("column") < half) | (pl.col("column") >= pl.col("n_transcripts") - half))
            .with_columns(column=place)
        )
        columns = ("gene_id", "transcript_id", "r", "qvalue", "switch_strength", "column", "n_transcripts")
        return self._labelled(rows.select(columns))

    def usage_rows(self, n: int = TOP_USAGE) -> pl.DataFrame:
        """Return the values along the eigengene of the transcripts of the ``n`` genes that turn most."""
        return self._labelled(self.usage.filter(pl.col("gene_id").is_in(turning_genes(self.polarity, n))))

    def _labelled(self, rows: pl.DataFrame) -> pl.DataFrame:
        named = rows.join(self.names, on="gene_id", how="left", validate="m:1", maintain_order="left")
        return named.with_columns(pl.coalesce("label", "gene_id").alias("label"))


def turning_genes(polarity: pl.DataFrame, n: int) -> list[str]:
    """Return the ``n`` genes with the largest switch strength, the strongest first."""
    estimable = polarity.filter(pl.col("switch_strength").is_not_nan())
    return estimable.get_column("gene_id").unique(maintain_order=True).head(n).to_list()


def module_figures(view: ModuleView) -> Iterator[DrawnFigure]:
    """Yield the name, the figure and the rows of every figure of a module."""
    drivers = view.driver_rows()
    yield "drivers", _gene_figure(view, drivers, draw_drivers), drivers

    usage = view.usage_rows()
    n_genes = usage.get_column("gene_id").n_unique()
    n_rows = max(1, -(-n_genes // USAGE_IN_A_ROW))
    figure = new_figure(9.0, 0.6 + 2.5 * n_rows)
    _head(figure, view)
    panels = figure.subplots(n_rows, USAGE_IN_A_ROW, squeeze=False).reshape(-1)
    _draw_usage_panels(panels, usage, view.value_name)
    if not n_genes:
        empty_panel(panels[0], "no gene of the module switches")
    yield "transcript_usage", figure, usage

    polarity = view.polarity_rows()
    n_genes, n_columns = polarity.get_column("gene_id").n_unique(), polarity.get_column("column").n_unique()
    figure = new_figure(3.4 + 0.45 * max(4, n_columns), 1.4 + ROW_HEIGHT * max(4, n_genes))
    draw_polarity(figure, figure.subplots(), polarity)
    _head(figure, view)
    yield "polarity", figure, polarity

    contrasts = view.contrast_rows()
    yield "high_vs_low", _gene_figure(view, contrasts, draw_contrasts), contrasts
    yield "summary", summary_page(view), pl.DataFrame({"fact": list(view.facts)}, schema={"fact": pl.String})


def _gene_figure(view: ModuleView, rows: pl.DataFrame, draw: Callable[[Axes, pl.DataFrame], None]) -> Figure:
    figure = new_figure(5.2, 1.6 + ROW_HEIGHT * max(4, rows.height))
    draw(figure.subplots(), rows)
    _head(figure, view)
    return figure


def summary_page(view: ModuleView) -> Figure:
    """Return one page: what the module is, its drivers, its high and low samples, its transcripts."""
    figure = new_figure(*PAGE)
    parts: Any = figure.subfigures(4, 1, height_ratios=[0.13, 0.38, 0.28, 0.21])
    head, upper, middle, lower = parts
    head.text(0.02, 0.92, label(view.module_id), fontsize=16, fontweight="bold", va="top")
    head.text(0.02, 0.62, "\n".join(view.facts), fontsize=9, va="top", linespacing=1.5)
    left, right = upper.subplots(1, 2)
    draw_drivers(left, view.driver_rows(ON_A_PAGE))
    draw_contrasts(right, view.contrast_rows(ON_A_PAGE))
    draw_polarity(middle, middle.subplots(), view.polarity_rows(ON_A_PAGE))
    _draw_usage_panels(lower.subplots(1, USAGE_IN_A_ROW), view.usage_rows(USAGE_IN_A_ROW), view.value_name)
    return figure


def _head(figure: Figure, view: ModuleView) -> None:
    figure.suptitle(label(view.module_id), x=0.02, ha="left", fontsize=11, fontweight="bold")


def _draw_usage_panels(axes: Iterable[Axes], rows: pl.DataFrame, value_name: str) -> None:
    """Draw a gene in each of the axes, and leave those empty for which there is none."""
    genes = rows.partition_by("gene_id", maintain_order=True)
    for number, panel in enumerate(axes):
        if number < len(genes):
            draw_usage(panel, genes[number], value_name)
        else:
            panel.set_axis_off()


def eigengene_figure(module_ids: Sequence[str], sample_ids: Sequence[str], eigengenes: Matrix) -> DrawnFigure:
    """Return the heat map of all eigengenes in sd: samples and modules in the order of their first component.

    eigengenes: (n_modules, n_samples), NaN where missing.
    """
    scores = _standardised(eigengenes)
    rows, columns = _component_orders(scores)
    ordered = scores[np.ix_(rows, columns)]
    frame = pl.DataFrame(
        {
            "module_id": pl.Series([module_ids[row] for row in rows for _ in columns], dtype=pl.String),
            "sample_id": pl.Series([sample_ids[column] for _ in rows for column in columns], dtype=pl.String),
            "eigengene_sd": ordered.reshape(-1),
        }
    )
    figure = new_figure(8.5, float(np.clip(1.6 + 0.19 * len(rows), 2.6, 12.0)))
    axes = figure.subplots()
    if not ordered.size:
        empty_panel(axes, "there is no module")
        return "eigengenes", figure, frame
    image = axes.imshow(
        np.ma.masked_invalid(ordered), cmap=DIVERGING, vmin=-2.5, vmax=2.5, aspect="auto", interpolation="nearest"
    )
    if len(rows) <= LABELLED_MODULES:
        axes.set_yticks(range(len(rows)), [label(module_ids[row]) for row in rows], fontsize=8)
    else:
        axes.set_ylabel(f"{len(rows)} modules")
        axes.set_yticks([])
    axes.set_xticks([])
    axes.set_xlabel(f"{len(columns):,} samples, in the order of the first component of the eigengenes")
    axes.spines[:].set_visible(False)
    axes.set_title("Eigengenes")
    bar = figure.colorbar(image, ax=axes, shrink=min(1.0, 4 / figure.get_figheight()), extend="both", pad=0.02)
    bar.set_label("sd")
    return "eigengenes", figure, frame


def _standardised(eigengenes: Matrix) -> Matrix:
    """Return the eigengenes with mean 0 and sd 1 over the samples with a value; 0 where one does not vary."""
    known = np.isfinite(eigengenes)
    n = np.maximum(1, known.sum(axis=1, keepdims=True))
    mean = np.where(known, eigengenes, 0.0).sum(axis=1, keepdims=True) / n
    deviation = np.where(known, eigengenes - mean, 0.0)
    sd = np.sqrt((deviation**2).sum(axis=1, keepdims=True) / np.maximum(1, n - 1))
    return np.where(known, deviation / np.where(sd > 0.0, sd, 1.0), np.nan)


def _component_orders(scores: Matrix) -> tuple[list[int], list[int]]:
    """Return the modules and the samples in the order of the first component, its largest loading positive."""
    n_modules, n_samples = scores.shape
    if n_modules < 2:
        values = np.nan_to_num(scores[0]) if n_modules else np.zeros(n_samples)
        return list(range(n_modules)), np.argsort(values, kind="stable").tolist()
    left, _, right = np.linalg.svd(np.nan_to_num(scores), full_matrices=False)
    sign = 1.0 if left[np.argmax(np.abs(left[:, 0])), 0] > 0 else -1.0
    modules, samples = np.argsort(-sign * left[:, 0], kind="stable"), np.argsort(sign * right[0], kind="stable")
    return modules.tolist(), samples.tolist()
