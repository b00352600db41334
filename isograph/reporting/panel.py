"""The panels of a module: each draws the rows of its table into axes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from isograph.arrays import Vector
from isograph.reporting.style import (
    CHANNEL_COLOURS,
    CHANNEL_MARKERS,
    DIVERGING,
    FAINT,
    GREY,
    SEQUENCE,
    label,
    said,
)

BINS = 5
LABEL_GAP = 0.065
LEAST_COLUMNS = 4
SMALLEST_SCATTER = 4
LARGEST_SCATTER = 14


def draw_drivers(axes: Axes, rows: pl.DataFrame) -> None:
    """Draw |r| of each driver with its 95 % interval; filled where r is positive, open where it is negative."""
    if not rows.height:
        return said(axes, "no driver is estimable")
    places = np.arange(rows.height)
    for place, kind, r, low, high in zip(
        places, *(rows[name] for name in ("feature_type", "r", "r_low", "r_high")), strict=True
    ):
        colour, marker = _channel(kind)
        ends = sorted(abs(end) if low * high > 0 else end * np.sign(r) for end in (low, high))
        axes.plot(ends, [place, place], color=colour, linewidth=1.4, solid_capstyle="butt", zorder=2)
        axes.plot(abs(r), place, marker, color=colour, markersize=6, zorder=3, markerfacecolor=colour if r > 0 else "w")
    _gene_axis(axes, rows)
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlabel("|r| with the eigengene, 95 % interval")
    axes.set_title("Drivers")
    kinds = rows.get_column("feature_type").unique(maintain_order=True).sort().to_list()
    signs = [(fill, name) for fill, name, is_there in (
        (GREY, "r > 0", (rows["r"] > 0).any()), ("w", "r < 0", (rows["r"] < 0).any())
    ) if is_there]  # fmt: skip
    handles = [_handle(kind) for kind in kinds]
    handles += [_marker("D", GREY, name, fill) for fill, name in signs]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=len(handles), handletextpad=0.1)
    return None


def draw_contrasts(axes: Axes, rows: pl.DataFrame) -> None:
    """Draw the mean of each feature in the low (open) and in the high (filled) samples, joined by a line."""
    if not rows.height:
        return said(axes, "no feature is estimable")
    for place, (kind, high, low) in enumerate(rows.select("feature_type", "mean_high", "mean_low").iter_rows()):
        colour, marker = _channel(kind)
        axes.plot([low, high], [place, place], color=colour, linewidth=1.2, alpha=0.6, zorder=2)
        axes.plot(low, place, marker, color=colour, markerfacecolor="w", markersize=6, zorder=3)
        axes.plot(high, place, marker, color=colour, markersize=6, zorder=3)
    axes.axvline(0.0, color=FAINT, linewidth=1, zorder=1)
    _gene_axis(axes, rows)
    axes.set_xlabel("mean score (sd): open low third, filled high third")
    axes.set_title("High against low samples")
    kinds = rows.get_column("feature_type").unique(maintain_order=True).sort().to_list()
    axes.legend(
        handles=[_handle(kind) for kind in kinds],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.13),
        ncols=2,
        handletextpad=0.1,
    )
    return None


def draw_polarity(figure: Figure | SubFigure, axes: Axes, rows: pl.DataFrame) -> None:
    """Draw r of each transcript, a row a gene, the transcript that rises most on the left; r is written in the cell."""
    if not rows.height:
        return said(axes, "no gene of the module switches")
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
    return None


def draw_usage(axes: Axes, rows: pl.DataFrame, value_name: str) -> None:
    """Draw one gene's transcripts along the eigengene: samples as dots, means of fifths of the samples as lines.

    Six transcripts have a colour, those whose means move most; the others are grey.
    """
    x = rows.get_column("eigengene")
    edges = np.quantile(x.drop_nans().to_numpy(), np.linspace(0, 1, BINS + 1)) if x.is_not_nan().any() else np.zeros(0)
    lines = []
    for transcript, part in rows.group_by("transcript_id", maintain_order=True):
        known = part.filter(pl.col("eigengene").is_not_nan(), pl.col("value").is_not_nan())
        where, value = known["eigengene"].to_numpy(), known["value"].to_numpy()
        bins = np.clip(np.searchsorted(edges, where, side="right") - 1, 0, BINS - 1)
        centres = [(where[bins == b].mean(), value[bins == b].mean()) for b in range(BINS) if (bins == b).any()]
        lines.append((str(transcript[0]), where, value, np.array(centres).reshape(-1, 2)))
    moved = sorted(lines, key=lambda line: -float(np.ptp(line[3][:, 1])) if len(line[3]) else 0.0)
    colours = {line[0]: SEQUENCE[number] for number, line in enumerate(moved[: len(SEQUENCE)])}
    size = float(np.clip(600 / max(1, len(x) // max(1, len(lines))), SMALLEST_SCATTER, LARGEST_SCATTER))
    for name, where, value, centres in reversed(moved):
        colour = colours.get(name, FAINT)
        axes.scatter(where, value, s=size, color=colour, alpha=0.25, linewidths=0, zorder=2)
        if len(centres):
            axes.plot(*centres.T, "-o", color=colour, markersize=3, linewidth=1.8, zorder=3)
    axes.margins(x=0.03)
    _label_ends(axes, {name: centres[-1] for name, _, _, centres in moved if name in colours and len(centres)}, colours)
    axes.set_title(label(rows.get_column("label")[0]))
    axes.set_ylabel(value_name)
    axes.set_xlabel("eigengene")
    axes.locator_params(axis="x", nbins=4)


def _label_ends(axes: Axes, ends: Mapping[str, Vector], colours: Mapping[str, str]) -> None:
    """Write the names beside the ends of their lines, moved up so far that none covers another."""
    low, high = axes.get_ylim()
    gap = LABEL_GAP * (high - low)
    names = sorted(ends, key=lambda name: float(ends[name][1]))
    heights: list[float] = []
    for name in names:
        heights.append(max(float(ends[name][1]), heights[-1] + gap if heights else -np.inf))
    for name, height in zip(names, heights, strict=True):
        axes.annotate(
            label(name),
            (float(ends[name][0]), height),
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


def _handle(kind: str) -> Line2D:
    colour, marker = _channel(kind)
    return _marker(marker, colour, kind, colour)


def _marker(marker: str, colour: str, name: str, fill: str) -> Line2D:
    return Line2D([], [], linestyle="", marker=marker, color=colour, markerfacecolor=fill, markersize=6, label=name)
