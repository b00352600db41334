"""How figures look, and how they become bytes: the same figure gives the same bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from isograph.errors import shown

# NOTE: Okabe & Ito 2008, Color Universal Design: told apart by every common kind of colour vision. Channels also differ
# by marker, signs by fill.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442",
)  # fmt: skip
SEQUENCE = (BLUE, ORANGE, GREEN, PURPLE, RED, SKY)
GREY, FAINT = "dimgray", "lightgray"
CHANNEL_COLOURS = {"switch": BLUE, "abundance": RED}
CHANNEL_MARKERS = {"switch": "o", "abundance": "s"}
# NOTE: without the ends of the map, which are too dark to be told apart.
DIVERGING = LinearSegmentedColormap.from_list("isograph", mpl.colormaps["PuOr_r"](np.linspace(0.1, 0.9, 256)))
LONGEST_LABEL = 22
DPI = 150
POSITION_DIGITS = 6
_RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.labelsize": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "text.parse_math": False,
    "svg.hashsalt": "isograph",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}
_CLIP_PATH = re.compile(rb'<clipPath id="(p[0-9a-f]{10})"')
_METADATA: Mapping[str, Mapping[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    "svg": {"Creator": None, "Date": None},
}


def house_style() -> Any:  # noqa: ANN401
    """Return the context in which figures are made and drawn; outside it no setting of matplotlib is changed."""
    return mpl.rc_context(_RC)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches that lays itself out."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def rendered(figure: Figure, image_format: str) -> bytes:
    """Return the figure as png, pdf or svg."""
    if figure.get_layout_engine() is not None:
        # NOTE: laid out once, at rounded positions: the last digits of the solver differ from run to run.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for axes in figure.axes:
            bounds = axes.get_position(original=True).bounds
            left, bottom, width, height = (round(bound, POSITION_DIGITS) for bound in bounds)
            axes.set_position((left, bottom, width, height))
    buffer = io.BytesIO()
    figure.savefig(buffer, format=image_format, dpi=DPI, metadata=dict(_METADATA[image_format]))
    data = buffer.getvalue()
    if image_format == "svg":
        # NOTE: some clip paths are named by where an object lies in memory; here they are numbered.
        for number, name in enumerate(dict.fromkeys(_CLIP_PATH.findall(data))):
            data = data.replace(name, b"clip%d" % number)
    return data


def label(text: object) -> str:
    """Return ``text`` printable and short enough to stand beside an axis."""
    printable = shown(text)
    return printable if len(printable) <= LONGEST_LABEL else f"{printable[: LONGEST_LABEL - 1]}…"


def empty_panel(axes: Axes, text: str) -> None:
    """Write ``text`` in the middle of an empty panel."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", color=GREY, transform=axes.transAxes)
