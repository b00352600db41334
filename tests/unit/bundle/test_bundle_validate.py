from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from isograph.bundle.bundle import Bundle
from isograph.bundle.validate import agreement_findings, chance_correlation, n_multi_isoform_genes

UNIQUE = "Every row needs an id of its own."
ROWS = "Check that the rows of both are in the order of their tables, and that both hold counts of these samples."
TURNED = (
    "transcript_counts looks transposed: it is square, and turned over it agrees. Rows are transcripts and columns are "
    "samples, so write matrix.T."
)


def with_ids(frame: pl.DataFrame, column: str, changes: dict[int, str | None]) -> pl.DataFrame:
    ids = frame[column].to_list()
    for row, value in changes.items():
        ids[row] = value
    return frame.with_columns(pl.Series(column, ids, dtype=pl.String))


@pytest.mark.parametrize(
    ("filename", "column", "changes", "error"),
    [
        ("samples.parquet", "sample_id", {1: "S000"}, f"repeated sample ids: 1 ('S000'). {UNIQUE}"),
        (
            "samples.parquet",
            "sample_id",
            dict.fromkeys(range(14), "a")
            | {row: f"S{row - 14:03}x" for row in range(14, 28)}
            | {row: f"S{row - 28:03}x" for row in range(28, 42)},
            f"repeated sample ids: 15 ('a', 'S000x', 'S001x', 'S002x', 'S003x', …). {UNIQUE}",
        ),
        ("samples.parquet", "sample_id", {0: None, 3: ""}, f"rows without a sample id: 2 (rows 1, 4). {UNIQUE}"),
        (
            "samples.parquet",
            "sample_id",
            {0: "a\tb", 1: "c\x9b", 2: "d\u202ee"},
            (
                "3 ids hold control or text-direction characters: 'a\\tb', 'c\\x9b', 'd\\u202ee'. Replace these "
                "characters."
            ),
        ),
        (
            "samples.parquet",
            "sample_id",
            {0: "é" * 129},
            f"1 id holds more than 256 bytes: '{'é' * 40}…'. Shorten them.",
        ),
        (
            "transcripts.parquet",
            "transcript_id",
            {0: "T", 1: "T", 2: "U", 3: "U"},
            f"repeated transcript ids: 2 ('T', 'U'). {UNIQUE}",
        ),
        (
            "transcripts.parquet",
            "gene_id",
            {0: None, 5: ""},
            "2 of 48 transcripts have no gene: 'G0000_T1', 'G0002_T2'. Name their gene or leave them out.",
        ),
        (
            "transcripts.parquet",
            "gene_id",
            {0: "X", 1: "X"},
            "1 gene of the transcripts not in genes.parquet: 'X'. Add them there or leave these transcripts out.",
        ),
        ("truth_switch.parquet", "gene_id", {0: "X"}, "1 of 24 genes not in genes.parquet: 'X'."),
        ("truth_modules.parquet", "gene_id", {1: "G0000"}, f"repeated gene ids: 1 ('G0000'). {UNIQUE}"),
    ],
)
def test_ids__are_checked(toy, filename, column, changes, error):
    toy.write_table(filename, with_ids(toy.table(filename), column, changes))
    assert toy.errors() == [f"{filename}:{column}: {error}"]


def test_ids__report_a_duplicate_gene(toy):
    genes = toy.table("genes.parquet")
    toy.write_table("genes.parquet", with_ids(genes, "gene_id", {1: "G0000"}))
    assert toy.errors()[0] == f"genes.parquet:gene_id: repeated gene ids: 1 ('G0000'). {UNIQUE}"


@pytest.mark.parametrize("filename", ["samples.parquet", "genes.parquet", "transcripts.parquet"])
def test_ids__are_text(toy, filename):
    column = {"samples.parquet": "sample_id", "genes.parquet": "gene_id", "transcripts.parquet": "transcript_id"}[
        filename
    ]
    frame = toy.table(filename)
    toy.write_table(filename, frame.with_columns(pl.int_range(frame.height).alias(column)))
    assert toy.errors() == [f"{filename}:{column}: is Int64, expected text. Write ids as text, so that 001 stays 001."]


def test_ids__need_their_column(toy):
    toy.write_table("samples.parquet", toy.table("samples.parquet").rename({"sample_id": "id"}))
    toy.write_table("transcripts.parquet", toy.table("transcripts.parquet").select("transcript_id"))
    assert toy.errors() == [
        (
            "samples.parquet: no column 'sample_id'; the columns are 'id', 'Dx', 'Age', 'Sex'. "
            "Rename the column that holds these ids."
        ),
        (
            "transcripts.parquet: no column 'gene_id'; the columns are 'transcript_id'. "
            "Rename the column that holds these ids."
        ),
    ]


@pytest.mark.parametrize(
    ("changes", "named"), [({0: "s001"}, "'s001', 'S001'"), ({0: "E\u0301", 1: "é"}, "'E\u0301', 'é'")]
)
def test_ids__that_differ_only_in_case_are_a_warning(toy, changes, named):
    toy.write_table("samples.parquet", with_ids(toy.table("samples.parquet"), "sample_id", changes))
    assert toy.errors() == []
    assert toy.warnings() == [
        (
            f"samples.parquet:sample_id: 2 ids differ from another only in case or in Unicode composition: {named}. "
            "They are kept apart here; other programs may take them for one."
        )
    ]


def test_ids__of_genes_are_checked_among_transcripts_where_there_is_no_gene_table(toy):
    toy.drop("gene", "gene_counts")
    changes = {0: "g0001", 1: "g0001", 4: "G\x00", 5: "G\x00"}
    toy.write_table("transcripts.parquet", with_ids(toy.table("transcripts.parquet"), "gene_id", changes))
    assert toy.errors()[0] == (
        "transcripts.parquet:gene_id: 1 id holds control or text-direction characters: 'G\\x00'. Replace these "
        "characters."
    )
    assert toy.warnings()[0].startswith(
        "transcripts.parquet:gene_id: 2 ids differ from another only in case or in Unicode composition: 'g0001', "
        "'G0001'."
    )


@pytest.mark.parametrize("n", [0, 1, 2])
def test_samples__are_at_least_three(toy, n):
    toy.keep_samples(n)
    assert toy.errors()[0] == (
        f"samples.parquet: {n} samples, expected at least 3: fewer have no correlation. Add samples."
    )


@pytest.mark.parametrize(("n", "chance"), [(3, "1.00"), (14, "0.53")])
def test_samples__fewer_than_fifteen_are_a_warning(toy, n, chance):
    toy.keep_samples(n)
    assert toy.errors() == []
    assert toy.warnings() == [
        (
            f"samples.parquet: {n} samples: correlations from so few are mostly noise. Chance alone reaches |r| ≥ "
            f"{chance} "
            "for one pair of genes in twenty; expect modules that will not be found again, and use 15 samples or "
            "more if "
            "you can."
        )
    ]


def test_samples__fifteen_are_enough(toy):
    toy.keep_samples(15)
    assert toy.errors() + toy.warnings() == []


# NOTE: from the printed table of critical values of r, two-sided 5 %: 8, 10 and 20 degrees of freedom.
@pytest.mark.parametrize(("n_samples", "r"), [(10, 0.632), (12, 0.576), (22, 0.423)])
def test_chance_correlation__equals_the_printed_table(n_samples, r):
    assert round(chance_correlation(n_samples), 3) == r


def test_n_multi_isoform_genes__counts_genes_with_two_or_more():
    transcripts = pl.DataFrame({"gene_id": ["a", "b", "a", "c", "c", "c", None, None]})
    assert n_multi_isoform_genes(transcripts) == 2


def test_coverage__says_that_no_gene_switches(toy):
    frame = toy.table("transcripts.parquet")
    toy.drop("gene", "gene_counts", "truth_module", "truth_switch")
    toy.write_table("transcripts.parquet", frame.with_columns(gene_id="transcript_id"))
    assert toy.errors() == []
    assert toy.warnings() == [
        (
            "transcripts.parquet: no gene has two or more transcripts: the switch channel will be empty, only "
            "abundance is "
            "left."
        )
    ]


def test_coverage__says_that_a_gene_bundle_has_no_switch_channel(toy):
    toy.drop("transcript", "transcript_counts")
    assert toy.errors() == []
    assert toy.warnings() == ["manifest.json: no transcript_counts: there will be no switch channel, only abundance."]


def test_coverage__names_genes_without_transcripts_only_if_nothing_else_counts_them(toy):
    frame = toy.table("transcripts.parquet")
    toy.write_table("transcripts.parquet", with_ids(frame, "gene_id", {0: "G0001", 1: "G0001"}))
    assert toy.errors() + toy.warnings() == []
    toy.drop("gene_counts")
    assert toy.errors() == []
    assert toy.warnings() == [
        (
            "genes.parquet:gene_id: 1 of 24 genes have neither a transcript nor counts of their own: 'G0000'. They "
            "can be "
            "in no module; leave them out or add gene_counts."
        )
    ]


@pytest.mark.parametrize(
    ("filename", "change", "error"),
    [
        ("truth_switch.parquet", {"has_switch": pl.lit("yes")}, ":has_switch: is String, expected Boolean."),
        ("truth_abundance.parquet", {"has_abundance": pl.lit(1)}, ":has_abundance: is Int32, expected Boolean."),
        (
            "truth_modules.parquet",
            {"module_id": pl.lit(1.5)},
            ":module_id: is Float64, expected text or whole numbers.",
        ),
        ("truth_channel_role.parquet", {"truth_role": pl.lit(3)}, ":truth_role: is Int32, expected text."),
        (
            "truth_channel_role.parquet",
            {"truth_role": pl.lit("both")},
            ":truth_role: 'both', expected one of switch_only, abundance_only, coupled, discordant, background.",
        ),
        (
            "truth_modules.parquet",
            {"gene_id": pl.lit(3)},
            ":gene_id: is Int32, expected text. Write ids as text, so that 001 stays 001.",
        ),
    ],
)
def test_truth__has_its_types(multiplex, filename, change, error):
    multiplex.write_table(filename, multiplex.table(filename).with_columns(**change))
    assert multiplex.errors() == [f"{filename}{error}"]


@pytest.mark.parametrize(
    ("filename", "column", "others"),
    [
        ("truth_modules.parquet", "module_id", "'gene_id'"),
        ("truth_switch.parquet", "has_switch", "'gene_id'"),
        ("truth_channel_role.parquet", "truth_role", "'gene_id', 'module_id', 'has_switch', 'has_abundance'"),
    ],
)
def test_truth__has_its_columns(multiplex, filename, column, others):
    multiplex.write_table(filename, multiplex.table(filename).drop(column))
    assert multiplex.errors() == [f"{filename}: no column '{column}'; the columns are {others}."]


def test_truth__may_name_modules_by_text(multiplex):
    truth = multiplex.table("truth_modules.parquet")
    multiplex.write_table("truth_modules.parquet", truth.with_columns(pl.col("module_id").cast(pl.String)))
    assert multiplex.errors() == []


def contradiction(n_apart: int, n_samples: int, advice: str) -> str:
    return (
        f"gene_counts.npz: gene_counts contradict transcript_counts: in {n_apart} of {n_samples} samples their "
        f"correlation with the sums of each gene's transcripts is below 0.5. {advice}"
    )


def bundle_of(transcript_counts: np.ndarray, gene_counts: np.ndarray) -> Bundle:
    """Two transcripts a gene, those of gene 0 first; a gene without transcripts stands before the others."""
    genes = [f"g{row // 2}" for row in range(transcript_counts.shape[0])]
    none = np.full((1, gene_counts.shape[1]), 9.0)
    return Bundle(
        dataset_name="toy",
        samples=pl.DataFrame({"sample_id": [f"s{column}" for column in range(gene_counts.shape[1])]}),
        feature_tables={
            "transcript": pl.DataFrame({"transcript_id": [f"t{row}" for row in range(len(genes))], "gene_id": genes}),
            "gene": pl.DataFrame({"gene_id": ["none", *dict.fromkeys(genes)]}),
        },
        matrices={"transcript_counts": transcript_counts, "gene_counts": np.vstack([none, gene_counts])},
    )


def found(transcript_counts: np.ndarray, gene_counts: np.ndarray) -> list[str]:
    return [
        str(finding) for finding in agreement_findings(bundle_of(transcript_counts, gene_counts), "gene_counts.npz")
    ]


def counts(n_genes: int = 10, n_samples: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Counts of transcripts, and their sums by gene."""
    transcripts = np.exp2(np.arange(2.0 * n_genes))[:, None] * np.arange(1.0, n_samples + 1)
    return transcripts, transcripts[0::2] + transcripts[1::2]


def test_agreement__of_sums_and_of_what_follows_them():
    transcripts, sums = counts()
    assert found(transcripts, sums) == []
    assert found(transcripts, 3 * sums + 5) == []


def test_agreement__fails_where_most_samples_contradict():
    transcripts, sums = counts()
    half, most = sums.copy(), sums.copy()
    half[:, :2] = sums[::-1, :2]
    most[:, :3] = sums[::-1, :3]
    assert found(transcripts, half) == []
    assert found(transcripts, most) == [contradiction(3, 4, ROWS)]


def test_agreement__of_few_genes_is_not_judged():
    transcripts, sums = counts(n_genes=9)
    assert found(transcripts, sums[::-1]) == []


@pytest.mark.parametrize("value", [1.0, 1e308])
def test_agreement__of_what_has_no_correlation_is_not_judged(value):
    _, sums = counts()
    assert found(np.full((20, 4), value), sums) == []


def test_agreement__says_when_transcripts_are_transposed(toy):
    toy.write_matrix("transcript_counts", toy.matrix("transcript_counts").T)
    assert toy.errors() == []
    assert toy.warnings() == [contradiction(48, 48, TURNED)]


def test_agreement__says_so_only_if_the_transpose_agrees(toy):
    toy.write_matrix("gene_counts", toy.matrix("gene_counts")[::-1])
    (warning,) = toy.warnings()
    assert warning.endswith(ROWS)


def test_agreement__is_looked_at_only_where_nothing_is_wrong(toy):
    toy.write_matrix("transcript_counts", -toy.matrix("transcript_counts").T)
    assert len(toy.errors()) == 1
    assert toy.warnings() == []
