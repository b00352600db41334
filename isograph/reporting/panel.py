"""The panels of a module: each draws the rows of its table into axes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from isograph.arrays import Matrix, Vector
from isograph.reporting.style import (
    CHANNEL_COLOURS,
    CHANNEL_MARKERS,
    DIVERGING,
    FAINT,
    GREY,
    SEQUENCE,
    empty_panel,
    label,
)

BINS = 5
LABEL_GAP = 0.065
LEAST_COLUMNS = 4
SMALLEST_SCATTER = 4
LARGEST_SCATTER = 14


def draw_drivers(axes: Axes, rows: pl.DataFrame) -> None:
    """Draw |r| of each driver with its 95 % interval; filled where r is positive, open where it is negative."""
    if not rows.height:
        empty_panel(axes, "no driver is estimable")
        return
    for row, (kind, r, low, high) in enumerate(rows.select("feature_type", "r", "r_low", "r_high").iter_rows()):
        colour, marker = _channel(kind)
        # NOTE: an interval that holds 0 reaches below it on an axis of |r|.
        ends = sorted(abs(end) if low * high > 0 else end * np.sign(r) for end in (low, high))
        axes.plot(ends, [row, row], color=colour, linewidth=1.4, solid_capstyle="butt", zorder=2)
        axes.plot(abs(r), row, marker, color=colour, markersize=6, zorder=3, markerfacecolor=colour if r > 0 else "w")
    _gene_axis(axes, rows)
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlabel("|r| with the eigengene, 95 % interval")
    axes.set_title("Drivers")
    signs = [(GREY, "r > 0", (rows["r"] > 0).any()), ("w", "r < 0", (rows["r"] < 0).any())]
    handles = [*_channel_handles(rows), *(_handle("D", GREY, name, fill) for fill, name, occurs in signs if occurs)]
    _legend(axes, handles, ncols=len(handles))


def draw_contrasts(axes: Axes, rows: pl.DataFrame) -> None:
    """Draw the mean of each feature in the low (open) and in the high (filled) samples, joined by a line."""
    if not rows.height:
        empty_panel(axes, "no feature is estimable")
        return
    for row, (kind, high, low) in enumerate(rows.select("feature_type", "mean_high", "mean_low").iter_rows()):
        colour, marker = _channel(kind)
        axes.plot([low, high], [row, row], color=colour, linewidth=1.2, alpha=0.6, zorder=2)
        axes.plot(low, row, marker, color=colour, markerfacecolor="w", markersize=6, zorder=3)
        axes.plot(high, row, marker, color=colour, markersize=6, zorder=3)
    axes.axvline(0.0, color=FAINT, linewidth=1, zorder=1)
    _gene_axis(axes, rows)
    axes.set_xlabel("mean score (sd): open low third, filled high third")
    axes.set_title("High against low samples")
    _legend(axes, _channel_handles(rows), ncols=2)


def draw_polarity(figure: Figure | SubFigure, axes: Axes, rows: pl.DataFrame) -> None:
    """Draw r of each transcript, a row a gene, the transcript that rises most on the left; r is written in the cell."""
    if not rows.height:
        empty_panel(axes, "no gene of the module switches")
        return
    genes = rows.unique("gene_id", keep="first", maintain_order=True)
    row_of = {gene: number for number, gene in enumerate(genes.get_column("gene_id"))}
    cells = np.full((genes.height, rows["column"].to_numpy().max() + 1), np.nan)
    for gene, column, r in rows.select("gene_id", "column", "r").iter_rows():
        cells[row_of[gene], column] = r
    image = axes.imshow(np.ma.masked_invalid(cells), cmap=DIVERGING, vmin=-1, vmax=1, aspect="auto")
    axes.set_xlim(-0.5, max(cells.shape[1], LEAST_COLUMNS) - 0.5)
    for (row, column), r in np.ndenumerate(cells):
        if np.isfinite(r):
            colour = "w" if abs(r) > 0.8 else "k"
            axes.text(column, row, f"{r:+.2f}", ha="center", va="center", fontsize=6.5, color=colour)
    axes.set_yticks(range(genes.height), [label(name) for name in genes.get_column("label")])
    axes.set_xticks([])
    axes.set_xlabel("transcripts of the gene, by r")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_title("Polarity of transcripts")
    bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.02)
    bar.set_label("r with the eigengene")
    bar.outline.set_visible(False)


def draw_usage(axes: Axes, rows: pl.DataFrame, value_name: str) -> None:
    """Draw one gene's transcripts along the eigengene: samples as dots, means of fifths of the samples as lines.

    Six transcripts have a colour, those whose means move most; the others are grey.
    """
    eigengene = rows.get_column("eigengene").drop_nans().to_numpy()
    edges = np.quantile(eigengene, np.linspace(0, 1, BINS + 1)) if len(eigengene) else np.zeros(0)
    lines: dict[str, tuple[Vector, Vector, Matrix]] = {}
    for transcript in rows.partition_by("transcript_id", maintain_order=True):
        known = transcript.filter(pl.col("eigengene").is_not_nan(), pl.col("value").is_not_nan())
        x, y = known["eigengene"].to_numpy(), known["value"].to_numpy()
        bins = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, BINS - 1)
        means = [(x[bins == b].mean(), y[bins == b].mean()) for b in range(BINS) if (bins == b).any()]
        lines[transcript["transcript_id"][0]] = x, y, np.array(means).reshape(-1, 2)
    ranges = {name: float(np.ptp(means[:, 1])) if len(means) else 0.0 for name, (_, _, means) in lines.items()}
    names = sorted(lines, key=lambda name: -ranges[name])
    colours = dict(zip(names, SEQUENCE, strict=False))
    size = float(np.clip(600 / max(1, rows.height // max(1, len(lines))), SMALLEST_SCATTER, LARGEST_SCATTER))
    for name in reversed(names):
        x, y, centres = lines[name]
        colour = colours.get(name, FAINT)
        axes.scatter(x, y, s=size, color=colour, alpha=0.25, linewidths=0, zorder=2)
        if len(centres):
            axes.plot(*centres.T, "-o", color=colour, markersize=3, linewidth=1.8, zorder=3)
    axes.margins(x=0.03)
    _label_ends(axes, {name: lines[name][2][-1] for name in colours if len(lines[name][2])}, colours)
    axes.set_title(label(rows.get_column("label")[0]))
    axes.set_ylabel(value_name)
    axes.set_xlabel("eigengene")
    axes.locator_params(axis="x", nbins=4)


def _label_ends(axes: Axes, ends: Mapping[str, Vector], colours: Mapping[str, str]) -> None:
    """Write the names beside the ends of their lines, moved up so far that none covers another."""
    low, high = axes.get_ylim()
    gap = LABEL_GAP * (high - low)
    height = -np.inf
    for name, (x, y) in sorted(ends.items(), key=lambda end: float(end[1][1])):
        height = max(float(y), height + gap)
        axes.annotate(
            label(name),
            (float(x), height),
            xytext=(4, 0),
            textcoords="offset points",
            color=colours[name],
            fontsize=6.5,
            va="center",
            annotation_clip=False,
        )
    axes.set_ylim(low, high)


def _gene_axis(axes: Axes, rows: pl.DataFrame) -> None:
    axes.set_yticks(range(rows.height), [label(name) for name in rows.get_column("label")])
    axes.set_ylim(rows.height - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color=FAINT, linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)


def _channel(kind: str) -> tuple[str, str]:
    return CHANNEL_COLOURS.get(kind, GREY), CHANNEL_MARKERS.get(kind, "D")


def _channel_handles(rows: pl.DataFrame) -> list[Line2D]:
    kinds = rows.get_column("feature_type").unique(maintain_order=True).sort().to_list()
    channels = [(kind, *_channel(kind)) for kind in kinds]
    return [_handle(marker, colour, kind, colour) for kind, colour, marker in channels]


def _handle(marker: str, colour: str, name: str, fill: str) -> Line2D:
    return Line2D([], [], linestyle="", marker=marker, color=colour, markerfacecolor=fill, markersize=6, label=name)


def _legend(axes: Axes, handles: list[Line2D], ncols: int) -> None:
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=ncols, handletextpad=0.1)
