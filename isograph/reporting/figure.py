"""The figures of a module and of all modules together, each with the rows it is drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from isograph.arrays import Matrix
from isograph.reporting.panel import draw_contrasts, draw_drivers, draw_polarity, draw_usage
from isograph.reporting.style import DIVERGING, label, new_figure, said
from isograph.reporting.view import ModuleView, contrast_rows, driver_rows, polarity_rows, usage_rows

ROW_HEIGHT = 0.22
ON_A_PAGE = 12
USAGE_ON_A_PAGE = 3
LABELLED_MODULES = 80
PAGE = (8.27, 11.69)

Drawn = tuple[str, Figure, pl.DataFrame]


def module_figures(view: ModuleView) -> Iterator[Drawn]:
    """Yield the name, the figure and the rows of every figure of a module."""
    drivers, contrasts = driver_rows(view), contrast_rows(view)
    polarity, usage = polarity_rows(view), usage_rows(view)
    yield "drivers", _single(view, drivers, draw_drivers), drivers
    yield "transcript_usage", _usage_figure(view, usage), usage
    yield "polarity", _polarity_figure(view, polarity), polarity
    yield "high_vs_low", _single(view, contrasts, draw_contrasts), contrasts
    yield "summary", _summary_page(view), _summary_rows(view)


def eigengene_figure(module_ids: Sequence[str], sample_ids: Sequence[str], eigengenes: Matrix) -> Drawn:
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
        said(axes, "there is no module")
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


def _single(view: ModuleView, rows: pl.DataFrame, draw: Callable[[Axes, pl.DataFrame], None]) -> Figure:
    figure = new_figure(5.2, 1.6 + ROW_HEIGHT * max(4, rows.height))
    draw(figure.subplots(), rows)
    figure.suptitle(label(view.module_id), x=0.02, ha="left", fontsize=11, fontweight="bold")
    return figure


def _polarity_figure(view: ModuleView, rows: pl.DataFrame) -> Figure:
    n_genes, n_columns = rows.get_column("gene_id").n_unique(), rows.get_column("column").n_unique()
    figure = new_figure(3.4 + 0.45 * max(4, n_columns), 1.4 + ROW_HEIGHT * max(4, n_genes))
    draw_polarity(figure, figure.subplots(), rows)
    figure.suptitle(label(view.module_id), x=0.02, ha="left", fontsize=11, fontweight="bold")
    return figure


def _usage_figure(view: ModuleView, rows: pl.DataFrame) -> Figure:
    genes = rows.partition_by("gene_id", maintain_order=True)
    n_rows = max(1, -(-len(genes) // 3))
    figure = new_figure(9.0, 0.6 + 2.5 * n_rows)
    figure.suptitle(label(view.module_id), x=0.02, ha="left", fontsize=11, fontweight="bold")
    axes = figure.subplots(n_rows, 3, squeeze=False).reshape(-1)
    for place, panel in enumerate(axes):
        if place < len(genes):
            draw_usage(panel, genes[place], view.value_name)
        else:
            panel.set_axis_off()
    if not genes:
        said(axes[0], "no gene of the module switches")
    return figure


def _summary_rows(view: ModuleView) -> pl.DataFrame:
    return pl.DataFrame({"fact": list(view.facts)}, schema={"fact": pl.String})


def _summary_page(view: ModuleView) -> Figure:
    """Return one page: what the module is, its drivers, its high and low samples, its transcripts."""
    figure = new_figure(*PAGE)
    parts: Any = figure.subfigures(4, 1, height_ratios=[0.13, 0.38, 0.28, 0.21])
    head, upper, middle, lower = parts
    head.text(0.02, 0.92, label(view.module_id), fontsize=16, fontweight="bold", va="top")
    head.text(0.02, 0.62, "\n".join(view.facts), fontsize=9, va="top", linespacing=1.5)
    left, right = upper.subplots(1, 2)
    draw_drivers(left, driver_rows(view, ON_A_PAGE))
    draw_contrasts(right, contrast_rows(view, ON_A_PAGE))
    draw_polarity(middle, middle.subplots(), polarity_rows(view, ON_A_PAGE))
    genes = usage_rows(view, USAGE_ON_A_PAGE).partition_by("gene_id", maintain_order=True)
    for place, panel in enumerate(lower.subplots(1, USAGE_ON_A_PAGE)):
        if place < len(genes):
            draw_usage(panel, genes[place], view.value_name)
        else:
            panel.set_axis_off()
    return figure


def _standardised(eigengenes: Matrix) -> Matrix:
    known = np.isfinite(eigengenes)
    n = np.maximum(1, known.sum(axis=1, keepdims=True))
    mean = np.where(known, eigengenes, 0.0).sum(axis=1, keepdims=True) / n
    deviation = np.where(known, eigengenes - mean, 0.0)
    sd = np.sqrt((deviation**2).sum(axis=1, keepdims=True) / np.maximum(1, n - 1))
    return np.where(known, deviation / np.where(sd > 0.0, sd, 1.0), np.nan)


def _component_orders(scores: Matrix) -> tuple[list[int], list[int]]:
    """Return the modules by their angle in the first two components, and the samples by the first."""
    n_modules, n_samples = scores.shape
    if n_modules < 2:
        known = np.nan_to_num(scores[0]) if n_modules else np.zeros(n_samples)
        return list(range(n_modules)), np.argsort(known, kind="stable").tolist()
    left, _, right = np.linalg.svd(np.nan_to_num(scores), full_matrices=False)
    sign = 1.0 if left[np.argmax(np.abs(left[:, 0])), 0] > 0 else -1.0
    angle = np.argsort(-sign * left[:, 0], kind="stable")
    return angle.tolist(), np.argsort(sign * right[0], kind="stable").tolist()
