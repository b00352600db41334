import pytest

from isograph.errors import InputError
from isograph.ingest.matrix import read_matrix

RSEM_ISOFORMS = "transcript_id gene_id length effective_length expected_count TPM FPKM IsoPct"
RSEM_GENES = "gene_id transcript_id(s) length effective_length expected_count TPM FPKM"


def read(tmp_path, header, row):
    path = tmp_path / "S1.txt"
    path.write_text(f"{header}\n{row}\n".replace(" ", "\t"))
    return read_matrix(path, id_column=None, gene_column=None, scale="counts")


@pytest.mark.parametrize(
    ("header", "tool", "remedy"),
    [
        (RSEM_ISOFORMS, "RSEM's isoforms.results", "the expected_count of every sample"),
        (RSEM_GENES, "RSEM's genes.results", "the expected_count of every sample"),
        ("i_id chr strand start end rcount ucount mrcount", "StringTie's table of introns", "prepDE.py"),
        ("Name Length EffectiveLength TPM NumReads", "Salmon's quant.sf", "Name the directory"),
        ("target_id length eff_length est_counts tpm", "kallisto's abundance.tsv", "the est_counts of every sample"),
        (
            "t_id chr strand start end t_name num_exons length gene_id gene_name cov FPKM",
            "StringTie's t_data.ctab",
            "prepDE.py",
        ),
        ("tname len num_reads", "oarfish's quant", "the num_reads of every sample"),
    ],
)
def test_read_matrix__refuses_the_output_of_a_quantifier_by_name(tmp_path, header, tool, remedy):
    row = " ".join(str(cell) for cell in range(len(header.split())))
    with pytest.raises(InputError) as caught:
        read(tmp_path, header, row)
    (sentence,) = caught.value.violations
    assert sentence.startswith(f"is {tool}, the output for one sample: its columns ('{header.split()[0]}', ")
    assert remedy in sentence


def test_read_matrix__reads_a_matrix_whose_samples_are_called_like_measures(tmp_path):
    quantified = read(tmp_path, "transcript_id TPM FPKM", "t1 1 2")
    assert quantified.sample_names == ("TPM", "FPKM")


def feature_counts(tmp_path, *alignments):
    path = tmp_path / "counts.txt"
    header = "\t".join(["Geneid", "Chr", "Start", "End", "Strand", "Length", *alignments])
    row = "\t".join(["g1", "chr1;chr1", "1;5", "3;9", "+;+", "8", *(str(7 + i) for i in range(len(alignments)))])
    path.write_text(f'# Program:featureCounts v2.0.6; Command:"featureCounts" "-a" "a.gtf"\n{header}\n{row}\n')
    return read_matrix(path, id_column=None, gene_column=None, scale="counts")


def test_read_matrix__reads_featurecounts_as_genes(tmp_path):
    quantified = feature_counts(tmp_path, "run/S1.bam", "/data/S2.sam")
    assert (quantified.level, quantified.feature_ids.to_list()) == ("gene", ["g1"])
    assert quantified.sample_names == ("S1", "S2")
    assert quantified.values.tolist() == [[7, 8]]
    assert quantified.notes[0] == "columns left out as annotation: Chr, Start, End, Strand, Length"
    assert quantified.notes[1].startswith("output of featureCounts: ")


def test_read_matrix__keeps_paths_that_alone_tell_samples_apart(tmp_path):
    quantified = feature_counts(tmp_path, "S1/aligned.bam", "S2/aligned.bam")
    assert quantified.sample_names == ("S1/aligned.bam", "S2/aligned.bam")
