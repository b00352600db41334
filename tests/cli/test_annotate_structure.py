from __future__ import annotations

import re
import shutil
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from isograph.schemas.structure import SWITCH_STRUCTURE

GTF = """\
chr1\tX\ttranscript\t100\t899\t.\t-\t.\tgene_id "G1.2"; transcript_id "A.1"; gene_name "ALFA"; transcript_type "x";
chr1\tX\texon\t100\t199\t.\t-\t.\tgene_id "G1.2"; transcript_id "A.1";
chr1\tX\texon\t300\t399\t.\t-\t.\tgene_id "G1.2"; transcript_id "A.1";
chr1\tX\texon\t500\t899\t.\t-\t.\tgene_id "G1.2"; transcript_id "A.1";
chr1\tX\tCDS\t150\t600\t.\t-\t.\tgene_id "G1.2"; transcript_id "A.1";
chr1\tX\ttranscript\t100\t999\t.\t-\t.\tgene_id "G1.2"; transcript_id "B.4"; gene_name "ALFA"; transcript_type "y";
chr1\tX\texon\t100\t199\t.\t-\t.\tgene_id "G1.2"; transcript_id "B.4";
chr1\tX\texon\t500\t999\t.\t-\t.\tgene_id "G1.2"; transcript_id "B.4";
"""


@pytest.fixture
def gtf(tmp_path) -> Path:
    path = tmp_path / "a.gtf"
    path.write_text(GTF)
    return path


@pytest.fixture
def pairs(tmp_path) -> Path:
    path = tmp_path / "pairs.tsv"
    path.write_text("gene_id\ttranscript_up\ttranscript_down\n001\tA\tB\n")
    return path


def gtf_of(fit: Path, path: Path) -> Path:
    """A GTF in which each transcript of the fit has two exons, the second its own."""
    loadings = pl.read_parquet(fit / "switch_loadings.parquet")
    lines = []
    for number, (gene, transcript) in enumerate(loadings.select("gene_id", "transcript_id").iter_rows()):
        for start, end in ((100, 199), (300, 400 + number)):
            attributes = f'gene_id "{gene}"; transcript_id "{transcript}.7";'
            lines.append(f"chr1\tX\texon\t{start}\t{end}\t.\t+\t.\t{attributes}\n")
    path.write_text("".join(lines))
    return path


def test_annotate_structure__labels_a_given_pair(isograph, tmp_path, gtf, pairs):
    out = tmp_path / "new" / "labels.parquet"
    ended = isograph("annotate-structure", "--gtf", gtf, "--switch-pairs", pairs, "--output", out)
    assert (ended.code, ended.out) == (0, f"{out}\n")
    assert re.sub(r" +\d+\.\d\d s", "", ended.err).splitlines() == [
        "  pairs",
        "  read GTF",
        "  compare",
        "  write",
        "",
        "1 switch pairs from the table: 1 compared",
        "differing in 1 biotype, 1 cds, 1 first_exon, 1 internal_exons",
    ]
    row = SWITCH_STRUCTURE.checked(pl.read_parquet(out)).row(0, named=True)
    expected = {
        "gene_id": "001",
        "transcript_up": "A",
        "transcript_down": "B",
        "module_id": None,
        "weight_up": None,
        "status": "compared",
        "labels": "first_exon:start;internal_exons:gained;cds:gained;biotype:changed",
        "tss_shift": 100,
        "tes_shift": 0,
        "n_cassette_up": 1,
        "cds_length_up": 50 + 100 + 101,
        "coding_status": "gained",
        "utr5": None,
        "utr5_length_up": 299,
        "utr3_length_up": 50,
        "utr3_length_down": None,
        "shared_exon_fraction": 0.25,
        "gene_name": "ALFA",
        "strand": "-",
    }
    assert {name: row[name] for name in expected} == expected
    facts = pl.read_parquet_metadata(out)
    assert (facts["isograph.gtf"], facts["isograph.id_rule"], facts["isograph.pairs_from"]) == (
        "a.gtf",
        "version",
        "table",
    )


@pytest.mark.parametrize(
    "header",
    ["gene_id,transcript_up,transcript_down", "GENE_ID,isoformUpregulated,isoformDownregulated",
     "gene_id,isoform_id_up,isoform_id_down"],
)  # fmt: skip
def test_annotate_structure__takes_tables_of_other_programs(isograph, tmp_path, gtf, header):
    table = tmp_path / "pairs.csv"
    table.write_text(f"{header}\ng,A,B\ng,A,B\n")
    ended = isograph(
        "annotate-structure", "--gtf", gtf, "--switch-pairs", table, "--output", tmp_path / "o.parquet", "-q"
    )
    assert (ended.code, ended.err) == (0, "")
    assert pl.read_parquet(tmp_path / "o.parquet").select("gene_id", "status").rows() == [("g", "compared")]


def test_annotate_structure__takes_pairs_as_parquet(isograph, tmp_path, gtf):
    table = tmp_path / "pairs.parquet"
    pl.DataFrame({"transcript_down": ["B"], "x": [1], "gene_id": ["g"], "transcript_up": ["A"]}).write_parquet(table)
    isograph("annotate-structure", "--gtf", gtf, "--switch-pairs", table, "--output", tmp_path / "o.parquet")
    row = pl.read_parquet(tmp_path / "o.parquet").row(0, named=True)
    assert (row["transcript_up"], row["transcript_down"], row["cds"]) == ("A", "B", "gained")


def test_annotate_structure__pairs_of_a_fit_are_its_extreme_loadings(isograph, tmp_path, earlier_fit):
    gtf = gtf_of(earlier_fit, tmp_path / "fit.gtf")
    ended = isograph("annotate-structure", earlier_fit, "--gtf", gtf, "--output", tmp_path / "o.parquet")
    assert (ended.code, ended.out) == (0, f"{tmp_path / 'o.parquet'}\n")
    assert "warning: fit.gtf has no CDS rows: nothing is said of coding regions and UTRs" in ended.err
    loadings = pl.read_parquet(earlier_fit / "switch_loadings.parquet")
    modules = dict(pl.read_parquet(earlier_fit / "modules.parquet").select("gene_id", "module_id").iter_rows())
    table = pl.read_parquet(tmp_path / "o.parquet")
    assert table.get_column("gene_id").sort().to_list() == loadings.get_column("gene_id").unique().sort().to_list()
    for row in table.iter_rows(named=True):
        own = loadings.filter(pl.col("gene_id") == row["gene_id"]).get_column("loading")
        assert (row["weight_up"], row["weight_down"]) == (own.max(), own.min())
        assert row["module_id"] == modules.get(row["gene_id"])
    assert table.get_column("labels").unique().to_list() == ["last_exon:end"]
    assert table.get_column("cds").null_count() == table.height


def test_annotate_structure__transcripts_of_two_genes_are_told(isograph, tmp_path, gtf, pairs):
    gtf.write_text(GTF.replace('"G1.2"; transcript_id "B.4"', '"G2.1"; transcript_id "B.4"'))
    ended = isograph("annotate-structure", "--gtf", gtf, "--switch-pairs", pairs, "--output", tmp_path / "o.parquet")
    assert ended.code == 0
    assert "warning: 1 pairs have transcripts that a.gtf gives to two genes: '001'\n" in ended.err


def explanation(path: Path, **tables: pl.DataFrame) -> Path:
    for module, table in tables.items():
        (path / module).mkdir(parents=True)
        table.write_parquet(path / module / "transcript_polarity_table.parquet")
    path.mkdir(exist_ok=True)
    (path / "module_explanation_manifest.json").write_text("{}")
    return path


def polarity(gene: str, **r: float) -> pl.DataFrame:
    return pl.DataFrame({"transcript_id": list(r), "gene_id": [gene] * len(r), "r": list(r.values())})


def test_annotate_structure__pairs_of_an_explanation_are_its_extreme_correlations(isograph, tmp_path, gtf):
    explained = explanation(
        tmp_path / "explained",
        M001=polarity("g1", A=-0.9, C=0.1, B=0.8),
        M000=pl.concat([polarity("g2", A=0.5, B=float("nan")), polarity("g3", D=0.5, A=0.1)]),
    )
    ended = isograph("annotate-structure", explained, "--gtf", gtf, "--output", tmp_path / "o.parquet")
    assert ended.code == 0
    columns = ("module_id", "gene_id", "transcript_up", "transcript_down", "weight_up", "weight_down", "status")
    assert pl.read_parquet(tmp_path / "o.parquet").select(columns).rows() == [
        ("M000", "g3", "D", "A", 0.5, 0.1, "not_in_gtf_up"),
        ("M001", "g1", "B", "A", 0.8, -0.9, "compared"),
    ]
    assert "warning: 1 transcripts of the pairs are not in a.gtf: 'D'" in ended.err
    assert "2 switch pairs from the explanation: 1 compared, 1 not_in_gtf_up" in ended.err
    one = isograph("annotate-structure", explained / "M001", "--gtf", gtf, "--output", tmp_path / "one.parquet")
    assert one.code == 3  # A module of an explanation has a manifest of its own; this one has not.
    shutil.copy(explained / "module_explanation_manifest.json", explained / "M001")
    isograph("annotate-structure", explained / "M001", "--gtf", gtf, "--output", tmp_path / "one.parquet")
    assert pl.read_parquet(tmp_path / "one.parquet").select(columns[:3]).rows() == [("M001", "g1", "B")]


def test_annotate_structure__an_explanation_of_no_module_gives_an_empty_table(isograph, tmp_path, gtf):
    explained = explanation(tmp_path / "explained")
    ended = isograph("annotate-structure", explained, "--gtf", gtf, "--output", tmp_path / "o.parquet")
    assert ended.code == 0
    assert SWITCH_STRUCTURE.checked(pl.read_parquet(tmp_path / "o.parquet")).height == 0
    assert "0 switch pairs from the explanation: none" in ended.err


def test_annotate_structure__cache_gives_the_same_bytes_without_reading_the_gtf(isograph, tmp_path, gtf, pairs):
    cache = tmp_path / "deep" / "cache"
    given = ("annotate-structure", "--gtf", gtf, "--switch-pairs", pairs, "--gtf-cache", cache)
    first = isograph(*given, "--output", tmp_path / "1.parquet")
    moved = gtf.rename(tmp_path / "renamed.gtf")
    gtf.write_text(GTF)
    second = isograph(*given, "--output", tmp_path / "2.parquet")
    assert ("read GTF" in first.err, "read GTF" in second.err) == (True, False)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()
    (entry,) = cache.iterdir()
    assert re.fullmatch(r"[0-9a-f]{64}-v1", entry.name)
    moved.write_text(GTF.replace("899", "898"))
    third = isograph("annotate-structure", "--gtf", moved, *given[3:], "--output", tmp_path / "3.parquet")
    assert "read GTF" in third.err
    assert len(list(cache.iterdir())) == 2


def test_annotate_structure__a_damaged_cache_is_told_and_made_again(isograph, tmp_path, gtf, pairs):
    cache = tmp_path / "cache"
    given = ("annotate-structure", "--gtf", gtf, "--switch-pairs", pairs, "--gtf-cache", cache, "--overwrite")
    isograph(*given, "--output", tmp_path / "1.parquet")
    (entry,) = cache.iterdir()
    (entry / "gtf_exons.parquet").write_bytes(b"PAR1")
    ended = isograph(*given, "--output", tmp_path / "2.parquet")
    assert ended.code == 0
    assert f"warning: the cache is not used: {entry}: 1 files changed since they were written: 'gtf_exons" in ended.err
    assert_frame_equal(pl.read_parquet(tmp_path / "1.parquet"), pl.read_parquet(tmp_path / "2.parquet"))
    assert "warning" not in isograph(*given, "--output", tmp_path / "2.parquet").err


def test_annotate_structure__something_foreign_in_the_cache_stays(isograph, tmp_path, gtf, pairs):
    cache = tmp_path / "cache"
    given = ("annotate-structure", "--gtf", gtf, "--switch-pairs", pairs, "--gtf-cache", cache)
    isograph(*given, "--output", tmp_path / "1.parquet")
    (entry,) = cache.iterdir()
    (entry / "manifest.json").write_text("{}")
    ended = isograph(*given, "--output", tmp_path / "2.parquet")
    assert ended.code == 0
    assert "warning: nothing was kept in the cache: " in ended.err
    assert (entry / "manifest.json").read_text() == "{}"


def refused(isograph, tmp_path: Path, *arguments: object) -> str:
    """What is said when the arguments are refused; nothing may be written then."""
    out = tmp_path / "refused.parquet"
    before = sorted(tmp_path.rglob("*"))
    ended = isograph("annotate-structure", *arguments, "--output", out)
    assert (ended.code, ended.out) == (3, "")
    assert sorted(tmp_path.rglob("*")) == before
    return ended.err.partition("error: ")[2]


def test_annotate_structure__no_transcript_in_common(isograph, tmp_path, gtf):
    table = tmp_path / "pairs.csv"
    table.write_text("gene_id,transcript_up,transcript_down\ng,X1,X2\nh,X1,X3\n")
    assert refused(isograph, tmp_path, "--gtf", gtf, "--switch-pairs", table) == (
        "a.gtf: none of the 3 transcripts of the switch pairs is in it. Pairs have 'X1', 'X2', 'X3', the GTF has "
        "'A.1', 'B.4'; stripping '.N' or cutting at '|' does not help. Give the GTF that the reads were quantified "
        "with.\n"
    )


def test_annotate_structure__gff3(isograph, tmp_path, pairs):
    gff = tmp_path / "a.gff3"
    gff.write_text("##gff-version 3\nchr1\tX\tmRNA\t1\t9\t.\t+\t.\tID=t1;Parent=g1\n")
    assert refused(isograph, tmp_path, "--gtf", gff, "--switch-pairs", pairs) == (
        "a.gff3: is GFF3, not GTF. Download the GTF of the same release, or convert it: gffread in.gff3 -T -o out.gtf\n"
    )


def test_annotate_structure__no_such_gtf(isograph, tmp_path, pairs):
    absent = tmp_path / "absent.gtf"
    assert refused(isograph, tmp_path, "--gtf", absent, "--switch-pairs", pairs) == f"{absent}: no such file.\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gene_id,up,transcript_down\n1,A,B\n", ("columns missing: 'transcript_up'; found 'gene_id', 'up', "
         "'transcript_down'. Name them so.")),
        ("gene_id,transcript_up,transcript_down\n,A,B\ng,NA,B\n", ("2 problems\n  1. rows without gene_id: 1\n"
         "  2. rows without transcript_up: 1")),
        ("gene_id,transcript_up,transcript_down\ng,A,A\n", "rows whose two transcripts are the same: 1, of genes 'g'"),
        ("gene_id,transcript_up,transcript_down\n", "has a header and nothing below it"),
        ("", "is empty"),
    ],
    ids=["columns", "missing ids", "same", "no rows", "empty"],
)  # fmt: skip
def test_annotate_structure__a_table_that_holds_no_pairs(isograph, tmp_path, gtf, text, message):
    table = tmp_path / "pairs.csv"
    table.write_text(text)
    assert refused(isograph, tmp_path, "--gtf", gtf, "--switch-pairs", table) == f"pairs.csv: {message}\n"


def test_annotate_structure__neither_fit_nor_explanation(isograph, tmp_path, gtf, earlier_bundles):
    (tmp_path / "empty").mkdir()
    assert refused(isograph, tmp_path, tmp_path / "empty", "--gtf", gtf) == (
        f"{tmp_path / 'empty'}: neither manifest.json (of a fit) nor module_explanation_manifest.json: no fit, no "
        "explanation, or an unfinished one\n"
    )
    bundle = earlier_bundles / "toy_v1"
    assert refused(isograph, tmp_path, bundle, "--gtf", gtf) == (
        f"{bundle}: is a bundle, expected a directory that isograph fit wrote.\n"
    )


def test_annotate_structure__every_polarity_table_that_is_not_usable_is_named(isograph, tmp_path, gtf):
    explained = explanation(tmp_path / "e", M000=polarity("g", A=1.0), M001=polarity("g", A=1.0))
    (explained / "M000" / "transcript_polarity_table.parquet").write_bytes(b"PAR1")
    table = pl.DataFrame({"gene_id": ["g"], "transcript_id": [1]})
    table.write_parquet(explained / "M001" / "transcript_polarity_table.parquet")
    told = refused(isograph, tmp_path, explained, "--gtf", gtf).splitlines()
    assert told[0] == f"{explained}: 2 problems"
    assert told[1].startswith("  1. M000/transcript_polarity_table.parquet is no readable parquet file: ")
    assert told[2] == (
        "  2. M001/transcript_polarity_table.parquet lacks columns, or has them of another type: 'transcript_id', 'r'"
    )


def test_annotate_structure__a_gene_in_two_modules(isograph, tmp_path, gtf):
    table = polarity("g", A=1.0, B=-1.0)
    explained = explanation(tmp_path / "e", M000=table, M001=table)
    assert refused(isograph, tmp_path, explained, "--gtf", gtf) == (
        f"{explained}: 1 genes are in the tables of two modules: 'g'\n"
    )


@pytest.mark.parametrize("count", [0, 2])
def test_annotate_structure__pairs_come_from_one_place(isograph, tmp_path, gtf, pairs, count):
    sources = (tmp_path, "--switch-pairs", pairs)[: count * 2]
    ended = isograph("annotate-structure", *sources, "--gtf", gtf, "--output", tmp_path / "o.parquet")
    assert ended.code == 2
    assert ended.err == "error: Switch pairs come either from FIT or from --switch-pairs: give one of the two.\n"


def test_annotate_structure__replaces_no_input_and_nothing_unasked(isograph, tmp_path, gtf, pairs):
    given = ("annotate-structure", "--gtf", gtf, "--switch-pairs", pairs)
    over_input = isograph(*given, "--output", gtf, "--overwrite")
    assert (over_input.code, over_input.err) == (
        2,
        f"error: {gtf} is an input, so it is not replaced. Name another file.\n",
    )
    unasked = isograph(*given, "--output", pairs)
    assert unasked.code == 2
    assert unasked.err == f"error: {pairs} exists. Pass --overwrite to replace it, or name another file.\n"
    assert gtf.read_text() == GTF


def test_annotate_structure__a_cache_that_cannot_be_made(isograph, tmp_path, gtf, pairs):
    given = ("annotate-structure", "--gtf", gtf, "--switch-pairs", pairs, "--gtf-cache", gtf / "cache")
    ended = isograph(*given, "--output", tmp_path / "o.parquet")
    assert ended.code == 2
    assert ended.err.splitlines()[-1].endswith(
        "cache cannot be made: Not a directory. Name another directory for --gtf-cache."
    )
