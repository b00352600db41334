from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from isograph.reporting.figure import ModuleView, eigengene_figure, module_figures, summary_page, turning_genes
from isograph.reporting.style import house_style, rendered
from isograph.schemas.explanation import GENE_DRIVER_TABLE, HIGH_VS_LOW_TABLE, TRANSCRIPT_POLARITY_TABLE

MAGIC = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}
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
    tables = ("drivers", "polarity", "contrasts", "usage")
    return replace(whole, facts=(), **{name: getattr(whole, name).clear() for name in tables})


def missing_view() -> ModuleView:
    """A module in which nothing is estimable."""
    whole, nan = view(), pl.lit(float("nan"))
    return replace(
        whole,
        drivers=whole.drivers.with_columns(r=nan, r_low=nan, r_high=nan),
        polarity=whole.polarity.with_columns(r=nan, switch_strength=nan),
        contrasts=whole.contrasts.with_columns(statistic=nan),
        usage=whole.usage.with_columns(value=nan),
    )


# NOTE: one gene and one transcript more than each figure shows.
@pytest.mark.parametrize(
    "view",
    [
        view(1, 1, 1),
        view(21, 9, 3),
        empty_view(),
        missing_view(),
        view(2, name="{}\u202e$x_{{$\n" + "long" * 20),
    ],
    ids=["smallest", "largest", "empty", "missing", "hostile names"],
)
def test_module_figures__can_be_laid_out_and_drawn_of(view):
    with house_style():
        figures = list(module_figures(view))
        assert [name for name, _, _ in figures] == FIGURES
        for _, figure, _ in figures:
            figure.draw_without_rendering()


def test_module_figures__come_with_the_rows_they_show():
    rows = {name: rows for name, _, rows in module_figures(view())}
    assert rows["drivers"].get_column("gene_id").to_list() == ["g0", "g1", "g2"]
    assert rows["high_vs_low"].get_column("feature_id").to_list() == ["g0", "g1", "g2"]
    assert rows["polarity"].height == 6
    assert rows["transcript_usage"].height == 6 * 9
    assert rows["summary"].get_column("fact").to_list() == ["one $fact$", "another"]


def test_summary_page__is_the_same_bytes_every_time_with_every_panel():
    def drawn() -> dict[str, bytes]:
        with house_style():
            figure = summary_page(view(3, 2, 5))
            return {image_format: rendered(figure, image_format) for image_format in MAGIC}

    files = drawn()
    assert all(data.startswith(MAGIC[image_format]) for image_format, data in files.items())
    assert drawn() == files


def test_driver_rows__are_the_strongest_of_the_module_with_their_names():
    drawn = view(30)
    rows = drawn.driver_rows()
    assert rows.height == 20
    assert rows.get_column("label").to_list()[:2] == ["g0", "g1"]
    assert drawn.contrast_rows(5).height == 5
    one_member = replace(drawn, drivers=drawn.drivers.with_columns(in_module=pl.Series([False] * 29 + [True])))
    assert one_member.driver_rows().get_column("gene_id").to_list() == ["g29"]


def test_polarity_rows__of_a_gene_with_many_transcripts_are_its_ends():
    rows = view(2, 30).polarity_rows()
    assert rows.group_by("gene_id", maintain_order=True).len().get_column("len").to_list() == [8, 8]
    assert rows.get_column("column").to_list() == [*range(8)] * 2
    assert rows.get_column("n_transcripts").unique().to_list() == [30]
    assert rows.get_column("r")[0] == 0.9
    assert rows.get_column("r")[7] == -0.9


def test_turning_genes__are_in_the_order_of_the_table():
    drawn = view(9)
    assert turning_genes(drawn.polarity, 4) == ["g0", "g1", "g2", "g3"]
    assert drawn.usage_rows().get_column("gene_id").n_unique() == 6


@pytest.mark.parametrize("shape", [(0, 5), (1, 5), (7, 5), (120, 12)])
def test_eigengene_figure__can_be_drawn_of_any_number_of_modules(shape):
    eigengenes = np.random.default_rng(1).normal(size=shape)
    eigengenes[:1, 2] = np.nan
    modules, samples = [f"M{i:03d}" for i in range(shape[0])], [f"S{i}" for i in range(shape[1])]
    with house_style():
        _, figure, rows = eigengene_figure(modules, samples, eigengenes)
        figure.draw_without_rendering()
    assert rows.height == shape[0] * shape[1]
    assert sorted(rows.get_column("module_id").unique()) == modules
