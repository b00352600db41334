import polars as pl
import pytest

from isograph.errors import InputError
from isograph.ingest.identifiers import annotated_ids, match_genes, stripped


def annotation(*pairs):
    return pl.DataFrame(pairs, schema={"transcript_id": pl.String, "gene_id": pl.String}, orient="row")


def matched(ids, genes, strip="auto"):
    return match_genes(pl.Series(ids), annotation(*genes), strip=strip, name="map.tsv")


@pytest.mark.parametrize(
    ("rule", "given", "expected"),
    [
        ("none", "ENST1.2|x", "ENST1.2|x"),
        ("version", "ENST1.2", "ENST1"),
        ("version", "ENST1.2_PAR_Y", "ENST1_PAR_Y"),
        ("version", "ENST1.2_7", "ENST1"),
        ("version", "NM_000014.6", "NM_000014"),
        ("version", "Y39B6A.a", "Y39B6A.a"),
        ("bar", "ENST1.2|ENSG1.1|", "ENST1.2"),
        ("version+bar", "ENST1.2|ENSG1.1|", "ENST1"),
    ],
)
def test_stripped__rules(rule, given, expected):
    assert stripped(pl.Series([given]), rule).to_list() == [expected]


def test_match_genes__as_they_are():
    found = matched(["t2", "t1"], [("t1", "g1"), ("t2", "g2"), ("t3", "g3")])
    assert found.gene_ids.to_list() == ["g2", "g1"]
    assert (found.overlap.rule, found.overlap.quantified_matched, found.overlap.annotated_matched) == ("none", 2, 2)


@pytest.mark.parametrize(
    ("ids", "genes", "rule"),
    [
        (["e1.2", "e2.1"], [("e1", "g1"), ("e2", "g2")], "version"),
        (["e1", "e2"], [("e1.2", "g1.7"), ("e2.1", "g2.3")], "version"),
        (["e1.1", "e2.1"], [("e1.1", "g1"), ("e2.2", "g2")], "version"),
        (["e1.2|x", "e2.1|y"], [("e1.2", "g1"), ("e2.1", "g2")], "bar"),
        (["e1.2|x", "e2.1|y"], [("e1", "g1"), ("e2", "g2")], "version+bar"),
    ],
)
def test_match_genes__auto_takes_the_rule_that_helps(ids, genes, rule):
    found = matched(ids, genes)
    assert found.overlap.rule == rule
    assert [gene.split(".")[0] for gene in found.gene_ids] == ["g1", "g2"]
    assert found.as_is.quantified_matched < 2


def test_match_genes__auto_does_not_confuse_transcripts():
    found = matched(["MSTRG.1", "MSTRG.2"], [("MSTRG", "g")])
    assert found.overlap.rule == "none"
    assert found.gene_ids.to_list() == [None, None]
    assert found.advice == (
        "0 of 2 quantified transcripts (0 %) are in map.tsv, and 0 of its 1 (0 %) are quantified. "
        "Quantified only: 'MSTRG.1', 'MSTRG.2'; in map.tsv only: 'MSTRG'. "
        "stripping '.N': 0 % → 100 %, but it makes 1 ids stand for two transcripts or genes each: make them agree."
    )


def test_match_genes__advice_names_the_rule_and_its_gain():
    found = matched(["e1.2", "e2.1", "e3.1", "e4.1"], [("e1", "g1"), ("e2", "g2"), ("e3", "g3")], strip="none")
    assert found.advice == (
        "0 of 4 quantified transcripts (0 %) are in map.tsv, and 0 of its 3 (0 %) are quantified. "
        "Quantified only: 'e1.2', 'e2.1', 'e3.1', …; in map.tsv only: 'e1', 'e2', 'e3'. "
        "stripping '.N': 0 % → 75 %; pass strip='version'."
    )


def test_match_genes__swapped_columns_are_suspected():
    found = matched(["t1", "t2"], [("g1", "t1"), ("g1", "t2")])
    assert found.advice.endswith("The gene column holds the quantified ids: are its two columns the other way round?")


def test_match_genes__a_quantified_transcript_with_two_genes():
    with pytest.raises(InputError) as caught:
        matched(["t1"], [("t1", "g1"), ("t1", "g2"), ("t9", "g1"), ("t9", "g2")])
    assert str(caught.value) == (
        "map.tsv: quantified transcripts with more than one gene: 1 ('t1'). Give every transcript one gene."
    )


def test_match_genes__a_rule_asked_for_that_confuses():
    with pytest.raises(InputError) as caught:
        matched(["a.1", "a.2"], [("a", "g")], strip="version")
    assert str(caught.value) == (
        "map.tsv: ids that stripping '.N' makes ambiguous: 1 ('a'). Use strip='auto' or none, or make the ids agree."
    )


def test_match_genes__pseudoautosomal_copies_stay_apart():
    found = matched(["e1.2", "e1.2_PAR_Y"], [("e1", "g1"), ("e1_PAR_Y", "g1_PAR_Y")])
    assert found.gene_ids.to_list() == ["g1", "g1_PAR_Y"]


@pytest.mark.parametrize(
    ("ids", "annotated", "found", "rule"),
    [
        (["T1.1", "T2.1"], ["T2.1", "T1.1", "T3.1"], ["T1.1", "T2.1"], "none"),
        (["T1", "T2"], ["T2.1", "T1.4"], ["T1.4", "T2.1"], "version"),
        (["T1.3|G|", "T9|G|"], ["T1.3"], ["T1.3", None], "bar"),
        (["T1.1", "T2"], ["T1.1", "T3"], ["T1.1", None], "none"),
        (["T1.1", "T1.2", "T2"], ["T1.1", "T1.2", "T2.1"], ["T1.1", "T1.2", None], "none"),
        (["T1", "T2"], ["T1.1", "T1.2", "T2.1"], [None, None], "none"),
        ([], ["T1"], [], "none"),
    ],
    ids=["as they are", "version", "bar", "some", "ids that would meet", "annotated ids that would meet", "no ids"],
)
def test_annotated_ids__takes_the_rule_that_finds_most(ids, annotated, found, rule):
    given = (pl.Series(values, dtype=pl.String) for values in (ids, annotated))
    partners, used = annotated_ids(*given)
    assert (partners.to_list(), used) == (found, rule)
