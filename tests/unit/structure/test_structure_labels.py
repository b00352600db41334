"""The labels of switch pairs, by hand and against a comparison base by base."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from isograph.schemas.structure import GTF_EXONS, GTF_TRANSCRIPTS, SWITCH_STRUCTURE
from isograph.structure import labels
from isograph.structure.labels import switch_structures

LENGTHS = ("length", "cds_length", "utr5_length", "utr3_length")

GAIN = {"gained": "lost", "lost": "gained", "longer": "shorter", "shorter": "longer"}


@dataclass(frozen=True)
class Transcript:
    exons: tuple[tuple[int, int], ...]
    strand: str = "+"
    coding: tuple[int, int] | None = None
    biotype: str | None = "protein_coding"
    seqname: str = "chr1"
    flaw: str | None = None

    def mirrored(self) -> Transcript:
        def turn(interval):
            return None if interval is None else (10_000 - interval[1], 10_000 - interval[0])

        exons = tuple(sorted(turn(exon) for exon in self.exons))
        return Transcript(exons, {"+": "-", "-": "+"}[self.strand], turn(self.coding), self.biotype)


def annotation(transcripts: dict[str, Transcript]) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = [
        (name, "g", "G", one.biotype, one.seqname, one.strand, *(one.coding or (None, None)), one.flaw)
        for name, one in transcripts.items()
    ]
    exons = [(name, *exon) for name, one in transcripts.items() if one.flaw is None for exon in one.exons]
    return (
        pl.DataFrame(rows, schema=GTF_TRANSCRIPTS.schema, orient="row"),
        pl.DataFrame(exons, schema=GTF_EXONS.schema, orient="row"),
    )


def pairs_of(pairs: list[tuple[str, str]], annotated: set[str]) -> pl.DataFrame:
    rows = [
        (
            f"g{number}",
            up,
            down,
            "M000",
            0.5,
            -0.5,
            up if up in annotated else None,
            down if down in annotated else None,
        )
        for number, (up, down) in enumerate(pairs)
    ]
    columns = ["gene_id", "transcript_up", "transcript_down", "module_id", "weight_up", "weight_down"]
    types = [pl.String] * 4 + [pl.Float64] * 2 + [pl.String] * 2
    schema = dict(zip([*columns, "annotated_up", "annotated_down"], types, strict=True))
    return pl.DataFrame(rows, schema=schema, orient="row")


def compared(transcripts: dict[str, Transcript], pairs: list[tuple[str, str]]) -> pl.DataFrame:
    return SWITCH_STRUCTURE.checked(switch_structures(pairs_of(pairs, set(transcripts)), *annotation(transcripts)))


def one_pair(up: Transcript, down: Transcript) -> dict[str, object]:
    return compared({"u": up, "d": down}, [("u", "d")]).row(0, named=True)


FULL = Transcript(((100, 199), (300, 399), (500, 599), (700, 899)), coding=(150, 750))


def test_switch_structures__a_skipped_exon_by_hand():
    skipped = Transcript(((100, 199), (500, 599), (700, 899)), coding=(150, 750), biotype="nonsense_mediated_decay")
    row = one_pair(skipped, FULL)
    expected = {
        "status": "compared",
        "labels": "internal_exons:lost;cds:internal;biotype:changed",
        "first_exon": "same",
        "internal_exons": "lost",
        "last_exon": "same",
        "cds": "internal",
        "utr5": "same",
        "utr3": "same",
        "biotype": "changed",
        "coding_status": "coding",
        "n_exons_up": 3,
        "n_exons_down": 4,
        "n_shared_exons": 3,
        "shared_exon_fraction": 0.75,
        "shared_base_fraction": 0.8,
        "n_cassette_up": 0,
        "n_cassette_down": 1,
        "n_retained_up": 0,
        "n_retained_down": 0,
        "tss_shift": 0,
        "tes_shift": 0,
        "length_up": 400,
        "length_delta": -100,
        "cds_length_up": 50 + 100 + 51,
        "cds_length_down": 50 + 100 + 100 + 51,
        "cds_length_delta": -100,
        "utr5_length_up": 50,
        "utr3_length_down": 149,
        "utr5_length_delta": 0,
        "seqname": "chr1",
        "strand": "+",
    }
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("exons", "label", "shift"),
    [
        (((100, 199), (300, 399)), "same", 0),
        (((90, 199), (300, 399)), "start", -10),
        (((100, 189), (300, 399)), "end", 0),
        (((110, 209), (300, 399)), "overlapping", 10),
        (((220, 249), (300, 399)), "distinct", 120),
    ],
)
def test_switch_structures__first_exon(exons, label, shift):
    other = Transcript(((100, 199), (300, 399)))
    row = one_pair(Transcript(exons), other)
    assert (row["first_exon"], row["tss_shift"], row["last_exon"], row["tes_shift"]) == (label, shift, "same", 0)


def test_switch_structures__on_the_reverse_strand_the_first_exon_is_the_rightmost():
    up = Transcript(((100, 199), (300, 420)), strand="-")
    down = Transcript(((90, 199), (300, 399)), strand="-")
    row = one_pair(up, down)
    assert (row["first_exon"], row["tss_shift"]) == ("start", -21)
    assert (row["last_exon"], row["tes_shift"]) == ("end", -10)


@pytest.mark.parametrize(
    ("up", "down", "cds", "status", "utr5", "utr3"),
    [
        ((150, 750), (150, 750), "same", "coding", "same", "same"),
        ((310, 750), (150, 750), "start", "coding", "longer", "same"),
        ((150, 599), (150, 750), "stop", "coding", "same", "longer"),
        ((160, 740), (150, 750), "both", "coding", "longer", "longer"),
        ((100, 750), (150, 750), "start", "coding", "lost", "same"),
        ((150, 750), (150, 899), "stop", "coding", "same", "gained"),
        ((100, 899), (100, 899), "same", "coding", "none", "none"),
        ((150, 750), None, "gained", "gained", None, None),
        (None, (150, 750), "lost", "lost", None, None),
    ],
)
def test_switch_structures__coding_region(up, down, cds, status, utr5, utr3):
    row = one_pair(Transcript(FULL.exons, coding=up), Transcript(FULL.exons, coding=down))
    assert (row["cds"], row["coding_status"], row["utr5"], row["utr3"]) == (cds, status, utr5, utr3)


def test_switch_structures__utr_of_the_same_length_elsewhere_has_moved():
    other = Transcript(((50, 149), (300, 399), (500, 599), (700, 899)), coding=(300, 750))
    row = one_pair(Transcript(FULL.exons, coding=(300, 750)), other)
    assert (row["utr5"], row["utr5_length_delta"], row["cds"]) == ("moved", 0, "same")


def test_switch_structures__retained_intron():
    row = one_pair(Transcript(((100, 399), (500, 599), (700, 899))), Transcript(FULL.exons))
    assert (row["n_retained_up"], row["n_retained_down"]) == (1, 0)
    assert (row["n_cassette_up"], row["n_cassette_down"]) == (0, 0)
    # The first exon of the one reaches over the second, internal, of the other.
    assert (row["first_exon"], row["internal_exons"]) == ("end", "lost")


def test_switch_structures__noncoding_pair_in_a_gtf_with_coding_regions():
    transcripts = {"u": Transcript(((1, 9),)), "d": Transcript(((1, 9),)), "c": FULL}
    row = compared(transcripts, [("u", "d")]).row(0, named=True)
    assert (row["cds"], row["coding_status"], row["cds_length_up"], row["cds_length_delta"]) == (
        "none",
        "noncoding",
        0,
        0,
    )
    assert (row["utr5"], row["utr5_length_up"], row["labels"]) == (None, None, "")


def test_switch_structures__without_any_coding_region_nothing_is_said_of_it():
    row = one_pair(Transcript(((1, 9),)), Transcript(((1, 12),)))
    named = ("cds", "coding_status", "utr5", "utr3", "cds_length_up", "cds_length_delta", "utr3_length_down")
    assert {row[name] for name in named} == {None}
    assert row["labels"] == "first_exon:end;last_exon:end"


def test_switch_structures__without_biotypes_nothing_is_said_of_them():
    row = one_pair(Transcript(((1, 9),), biotype=None), Transcript(((1, 9),)))
    assert (row["biotype"], row["biotype_up"], row["biotype_down"]) == (None, None, "protein_coding")


@pytest.mark.parametrize(
    ("up", "down", "status"),
    [
        ("absent", "d", "not_in_gtf_up"),
        ("d", "absent", "not_in_gtf_down"),
        ("absent", "missing", "not_in_gtf_both"),
        ("other strand", "d", "other_place"),
        ("d", "other chromosome", "other_place"),
        ("flawed", "d", "two_places"),
        ("d", "flawed", "two_places"),
    ],
)
def test_switch_structures__pairs_that_cannot_be_compared_have_no_labels(up, down, status):
    transcripts = {
        "d": FULL,
        "other strand": Transcript(((1, 9),), strand="-"),
        "other chromosome": Transcript(((1, 9),), seqname="chr2"),
        "flawed": Transcript(((1, 9),), flaw="two_places"),
    }
    row = compared(transcripts, [(up, down)]).row(0, named=True)
    assert row["status"] == status
    stated = {"gene_id", "transcript_up", "transcript_down", "module_id", "weight_up", "weight_down", "status"}
    known = {"gene_name", "biotype_up", "biotype_down"}
    assert {name for name, value in row.items() if value is not None} - known == stated


def test_switch_structures__no_pairs_give_an_empty_table():
    assert compared({"u": FULL}, []).height == 0


def random_transcript(rng: np.random.Generator, strand: str) -> Transcript:
    cuts = np.sort(rng.choice(np.arange(1, 80), size=2 * int(rng.integers(1, 7)), replace=False))
    exons = tuple((int(start), int(end)) for start, end in cuts.reshape(-1, 2))
    exonic = [base for start, end in exons for base in range(start, end + 1)]
    coding = tuple(sorted(int(base) for base in rng.choice(exonic, 2))) if rng.uniform() < 0.7 else None
    return Transcript(exons, strand, coding, rng.choice(["a", "b"]))


@pytest.fixture(scope="module")
def random_pairs() -> tuple[dict[str, Transcript], list[tuple[str, str]]]:
    rng = np.random.default_rng(7)
    transcripts: dict[str, Transcript] = {}
    pairs = []
    for number in range(400):
        strand = "+-"[int(rng.integers(2))]
        up = transcripts[f"u{number}"] = random_transcript(rng, strand)
        kept = tuple(exon for exon in up.exons if rng.uniform() < 0.8) or up.exons
        bases = {base for start, end in kept for base in range(start, end + 1)}
        ends = [up.coding, (min(bases), up.coding[1]), (up.coding[0], max(bases))] if up.coding else [None]
        coding = ends[int(rng.integers(len(ends)))]
        alike = Transcript(kept, strand, coding if coding and set(coding) <= bases else None, up.biotype)
        transcripts[f"d{number}"] = alike if rng.uniform() < 0.5 else random_transcript(rng, strand)
        pairs.append((f"u{number}", f"d{number}"))
    return transcripts, pairs


def path_of(one: Transcript) -> list[int]:
    """Exonic bases from 5′ to 3′."""
    positions = [base for start, end in one.exons for base in range(start, end + 1)]
    return positions if one.strand == "+" else positions[::-1]


def regions(one: Transcript) -> tuple[list[int], list[int], list[int]]:
    """Bases of the 5′ UTR, the coding region and the 3′ UTR, from 5′ to 3′."""
    path = path_of(one)
    inside = [index for index, base in enumerate(path) if one.coding[0] <= base <= one.coding[1]]
    return path[: inside[0]], path[inside[0] : inside[-1] + 1], path[inside[-1] + 1 :]


def introns(one: Transcript) -> list[set[int]]:
    return [set(range(left[1] + 1, right[0])) for left, right in zip(one.exons, one.exons[1:], strict=False)]


def end_label(up: tuple[int, int], down: tuple[int, int], strand: str) -> str:
    start, end = (0, 1) if strand == "+" else (1, 0)
    if up == down:
        return "same"
    if up[end] == down[end]:
        return "start"
    if up[start] == down[start]:
        return "end"
    return "overlapping" if set(range(up[0], up[1] + 1)) & set(range(down[0], down[1] + 1)) else "distinct"


def utr_label(up: list[int], down: list[int]) -> str:
    if not up and not down:
        return "none"
    if not up or not down:
        return "gained" if up else "lost"
    if up == down:
        return "same"
    return "longer" if len(up) > len(down) else "shorter" if len(up) < len(down) else "moved"


def cds_label(up: list[int], down: list[int]) -> str:
    if up == down:
        return "same"
    return {(True, True): "internal", (False, True): "start", (True, False): "stop", (False, False): "both"}[
        up[0] == down[0], up[-1] == down[-1]
    ]


def internal_label(up: Transcript, down: Transcript) -> str:
    gained = set(up.exons[1:-1]) - set(down.exons)
    lost = set(down.exons[1:-1]) - set(up.exons)
    if len(up.exons) < 3 and len(down.exons) < 3:
        return "none"
    return "changed" if gained and lost else "gained" if gained else "lost" if lost else "same"


def slow_labels(up: Transcript, down: Transcript) -> dict[str, object]:
    first, last = (0, -1) if up.strand == "+" else (-1, 0)
    up_bases, down_bases = path_of(up), path_of(down)
    sign = 1 if up.strand == "+" else -1
    found: dict[str, object] = {
        "first_exon": end_label(up.exons[first], down.exons[first], up.strand),
        "last_exon": end_label(up.exons[last], down.exons[last], up.strand),
        "internal_exons": internal_label(up, down),
        "tss_shift": sign * (up_bases[0] - down_bases[0]),
        "tes_shift": sign * (up_bases[-1] - down_bases[-1]),
        "n_shared_exons": len(set(up.exons) & set(down.exons)),
        "shared_exon_fraction": len(set(up.exons) & set(down.exons)) / len(set(up.exons) | set(down.exons)),
        "shared_base_fraction": len(set(up_bases) & set(down_bases)) / len(set(up_bases) | set(down_bases)),
        "length_delta": len(up_bases) - len(down_bases),
        "coding_status": {(1, 1): "coding", (1, 0): "gained", (0, 1): "lost", (0, 0): "noncoding"}[
            up.coding is not None, down.coding is not None
        ],
    }
    for side, one, other in (("up", up, down), ("down", down, up)):
        exons = [set(range(start, end + 1)) for start, end in one.exons]
        found[f"n_cassette_{side}"] = sum(any(exon <= intron for intron in introns(other)) for exon in exons)
        found[f"n_retained_{side}"] = sum(
            any(intron | {min(intron) - 1, max(intron) + 1} <= exon for exon in exons)
            for intron in introns(other)
            if intron
        )
        found[f"cds_length_{side}"] = len(regions(one)[1]) if one.coding else 0
    if up.coding and down.coding:
        utr5, cds, utr3 = zip(regions(up), regions(down), strict=True)
        found |= {"utr5": utr_label(*utr5), "cds": cds_label(*cds), "utr3": utr_label(*utr3)}
        found |= {"utr5_length_delta": len(utr5[0]) - len(utr5[1]), "utr3_length_delta": len(utr3[0]) - len(utr3[1])}
    return found


def test_switch_structures__agree_with_a_comparison_base_by_base(random_pairs):
    transcripts, pairs = random_pairs
    rows = compared(transcripts, pairs).to_dicts()
    for row, (up, down) in zip(rows, pairs, strict=True):
        slow = slow_labels(transcripts[up], transcripts[down])
        assert {name: row[name] for name in slow} == pytest.approx(slow), (transcripts[up], transcripts[down])
    assert {row["cds"] for row in rows} >= {"same", "start", "stop", "both", "gained", "lost", "none"}
    assert sum(row["n_cassette_up"] + row["n_retained_up"] for row in rows) > 50


def test_switch_structures__mirrored_on_the_other_strand_are_the_same(random_pairs):
    transcripts, pairs = random_pairs
    mirrored = {name: one.mirrored() for name, one in transcripts.items()}
    assert_frame_equal(compared(mirrored, pairs).drop("strand"), compared(transcripts, pairs).drop("strand"))


def test_switch_structures__turned_pairs_turn_what_has_a_direction(random_pairs):
    transcripts, pairs = random_pairs
    straight = compared(transcripts, pairs)
    turned = compared(transcripts, [(down, up) for up, down in pairs])
    for name in ("internal_exons", "cds", "utr5", "utr3", "coding_status"):
        assert turned.get_column(name).to_list() == straight.get_column(name).replace(GAIN).to_list()
    for name in ("first_exon", "last_exon", "shared_exon_fraction", "shared_base_fraction", "biotype"):
        assert turned.get_column(name).to_list() == straight.get_column(name).to_list()
    for name in ("tss_shift", "tes_shift", *(f"{length}_delta" for length in LENGTHS)):
        assert turned.get_column(name).to_list() == (-straight.get_column(name)).to_list()


def test_switch_structures__do_not_depend_on_how_many_pairs_are_taken_at_once(random_pairs, monkeypatch):
    transcripts, pairs = random_pairs
    whole = compared(transcripts, pairs)
    monkeypatch.setattr(labels, "PAIRS_AT_ONCE", 37)
    assert_frame_equal(compared(transcripts, pairs), whole)
