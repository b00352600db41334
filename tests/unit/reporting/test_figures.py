from __future__ import annotations

import matplotlib as mpl
import numpy as np
import polars as pl
import pytest

from isograph.reporting.figure import eigengene_figure, module_figures
from isograph.reporting.style import CHANNEL_COLOURS, SEQUENCE, house_style, label, rendered
from isograph.reporting.view import ModuleView, contrast_rows, driver_rows, polarity_rows, turning_genes, usage_rows
from isograph.schemas.explanation import GENE_DRIVER_TABLE, HIGH_VS_LOW_TABLE, TRANSCRIPT_POLARITY_TABLE

FIGURES = ["drivers", "transcript_usage", "polarity", "high_vs_low", "summary"]


def filled(contract, height, **columns):
    """A frame of a contract's columns; those not given hold 0.5, 1, text or null."""
    plain = {pl.Float64(): 0.5, pl.Int64(): 1, pl.Boolean(): True, pl.String(): "x"}
    values = {name: [plain[dtype]] * height for name, dtype in contract.schema.items()} | columns
    return pl.DataFrame(values, schema=contract.schema)


def view(n_genes=3, n_transcripts=2, n_samples=9, name="g{}") -> ModuleView:
    genes = [name.format(number) for number in range(n_genes)]
    r = np.linspace(0.9, 0.1, n_genes)
    pairs = [(gene, f"{gene}_t{t}") for gene in genes for t in range(n_transcripts)]
    kinds = ["switch" if number % 2 else "abundance" for number in range(n_genes)]
    rng = np.random.default_rng(0)
    return ModuleView(
        module_id="M000",
        facts=("one $fact$", "another"),
        drivers=filled(
            GENE_DRIVER_TABLE, n_genes, gene_id=genes, feature_id=genes, feature_type=kinds,
            r=np.where(np.arange(n_genes) % 3 == 2, -r, r), r_low=r - 0.05, r_high=r + 0.05,
        ),
        polarity=filled(
            TRANSCRIPT_POLARITY_TABLE, len(pairs), gene_id=[gene for gene, _ in pairs],
            transcript_id=[transcript for _, transcript in pairs],
            r=np.tile(np.linspace(0.9, -0.9, n_transcripts), n_genes), switch_strength=[1.8] * len(pairs),
        ),
        contrasts=filled(HIGH_VS_LOW_TABLE, n_genes, gene_id=genes, feature_id=genes, feature_type=kinds),
        usage=pl.DataFrame(
            [(g, t, f"S{s}", float(s), float(rng.random())) for g, t in pairs for s in range(n_samples)],
            schema={"gene_id": pl.String, "transcript_id": pl.String, "sample_id": pl.String, "eigengene": pl.Float64,
                    "value": pl.Float64},
            orient="row",
        ),
        value_name="share",
        names=pl.DataFrame({"gene_id": genes, "label": [None, *genes[1:]]}, schema_overrides={"label": pl.String}),
    )  # fmt: skip


def empty_view() -> ModuleView:
    whole = view()
    return ModuleView(
        module_id="M000", facts=(), drivers=whole.drivers.clear(), polarity=whole.polarity.clear(),
        contrasts=whole.contrasts.clear(), usage=whole.usage.clear(), value_name="share", names=whole.names,
    )  # fmt: skip


def missing_view() -> ModuleView:
    whole = view()
    return ModuleView(
        module_id="M000", facts=("x",),
        drivers=whole.drivers.with_columns(pl.lit(float("nan")).alias(name) for name in ("r", "r_low", "r_high")),
        polarity=whole.polarity.with_columns(r=pl.lit(float("nan")), switch_strength=pl.lit(float("nan"))),
        contrasts=whole.contrasts.with_columns(statistic=pl.lit(float("nan"))),
        usage=whole.usage.with_columns(value=pl.lit(float("nan"))), value_name="share", names=whole.names,
    )  # fmt: skip


@pytest.mark.parametrize(
    "drawn",
    [view(), view(1, 1, 1), view(60, 30), empty_view(), missing_view(), view(name="{}\u202e$x_{{$\n" + "long" * 20)],
    ids=["plain", "smallest", "largest", "empty", "missing", "hostile names"],
)
def test_module_figures__can_be_drawn_of(drawn):
    with house_style():
        for (name, figure, rows), expected in zip(module_figures(drawn), FIGURES, strict=True):
            assert name == expected
            assert rendered(figure, "png").startswith(b"\x89PNG")
            assert isinstance(rows, pl.DataFrame)


@pytest.mark.parametrize("image_format", ["png", "pdf", "svg"])
def test_module_figures__are_the_same_bytes_every_time(image_format):
    def drawn() -> list[bytes]:
        with house_style():
            return [rendered(figure, image_format) for _, figure, _ in module_figures(view())]

    assert drawn() == drawn()


def test_house_style__leaves_no_setting_changed():
    before = dict(mpl.rcParams)
    with house_style():
        assert mpl.rcParams["text.parse_math"] is False
        list(module_figures(view()))
    assert dict(mpl.rcParams) == before


def test_driver_rows__are_the_strongest_of_the_module_with_their_names():
    drawn = view(30)
    rows = driver_rows(drawn)
    assert rows.height == 20
    assert rows.get_column("label").to_list()[:2] == ["g0", "g1"]
    assert contrast_rows(drawn, 5).height == 5
    outside = drawn.drivers.with_columns(in_module=pl.Series([False] * 29 + [True]))
    only = ModuleView(
        "M000", (), outside, drawn.polarity, drawn.contrasts, drawn.usage, "share", drawn.names
    )  # fmt: skip
    assert driver_rows(only).get_column("gene_id").to_list() == ["g29"]


def test_polarity_rows__of_a_gene_with_many_transcripts_are_its_ends():
    rows = polarity_rows(view(2, 30))
    assert rows.group_by("gene_id", maintain_order=True).len().get_column("len").to_list() == [8, 8]
    assert rows.get_column("column").to_list() == [*range(8)] * 2
    assert rows.get_column("n_transcripts").unique().to_list() == [30]
    assert rows.get_column("r")[0] == 0.9
    assert rows.get_column("r")[7] == -0.9


def test_turning_genes__are_in_the_order_of_the_table():
    drawn = view(9)
    assert turning_genes(drawn.polarity, 4) == ["g0", "g1", "g2", "g3"]
    assert usage_rows(drawn).get_column("gene_id").n_unique() == 6


@pytest.mark.parametrize("shape", [(0, 5), (1, 5), (7, 5), (120, 12)])
def test_eigengene_figure__can_be_drawn_of_any_number_of_modules(shape):
    eigengenes = np.random.default_rng(1).normal(size=shape)
    eigengenes[:1, 2] = np.nan
    modules, samples = [f"M{i:03d}" for i in range(shape[0])], [f"S{i}" for i in range(shape[1])]
    with house_style():
        _, figure, rows = eigengene_figure(modules, samples, eigengenes)
        assert rendered(figure, "png").startswith(b"\x89PNG")
    assert rows.height == shape[0] * shape[1]
    assert sorted(rows.get_column("module_id").unique()) == modules


def simulated(colour: str, kind: str) -> np.ndarray:
    """Colour as seen with a colour vision deficiency: Viénot, Brettel & Mollon 1999, Color Res Appl 24:243."""
    rgb = np.array(mpl.colors.to_rgb(colour)) ** 2.2
    lms = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
    seen = lms @ rgb
    if kind == "protanopia":
        seen[0] = 2.02344 * seen[1] - 2.52581 * seen[2]
    elif kind == "deuteranopia":
        seen[1] = 0.494207 * seen[0] + 1.24827 * seen[2]
    return np.clip(np.linalg.solve(lms, seen), 0, 1) ** (1 / 2.2)


@pytest.mark.parametrize("kind", ["full", "protanopia", "deuteranopia"])
@pytest.mark.parametrize("colours", [SEQUENCE, tuple(CHANNEL_COLOURS.values())])
def test_colours__are_told_apart_by_every_common_colour_vision(colours, kind):
    seen = [simulated(colour, kind) for colour in colours]
    distances = [np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i]]
    assert min(distances) > 0.12


def test_label__is_short_and_printable():
    assert label("ENSG00000164902") == "ENSG00000164902"
    assert label("x" * 40) == "x" * 21 + "…"
    assert label("a\nb") == "a\\nb"
