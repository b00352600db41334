from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

SUITES = ("core_v1", "multiplex_v1", "null_usage_v1", "null_v1", "scale_v1", "stress_v1")


def content(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(path.iterdir())}


def provenance(path: Path) -> dict[str, str]:
    return json.loads((path / "manifest.json").read_bytes())["provenance"]


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "bundle"


def test_simulate__writes_a_valid_bundle_and_prints_its_path(isograph, out):
    ended = isograph("simulate", "toy_multiplex_v1", out)
    assert (ended.code, ended.out, ended.err) == (0, f"{out}\n", "")
    roles = (
        pl.read_parquet(out / "truth_channel_role.parquet").get_column("truth_role").value_counts().sort("truth_role")
    )
    assert roles.rows() == [("abundance_only", 10), ("coupled", 10), ("discordant", 10), ("switch_only", 10)]
    assert isograph("validate", out).code == 0


def test_simulate__gives_the_same_bytes_again_and_others_from_another_seed(isograph, tmp_path):
    for name, seed in (("first", 5), ("again", 5), ("other", 6)):
        isograph("simulate", "toy_v1", tmp_path / name, "--seed", seed)
    first, again, other = (content(tmp_path / name) for name in ("first", "again", "other"))
    assert first == again
    assert first["transcript_counts.npz"] != other["transcript_counts.npz"]
    assert provenance(tmp_path / "other")["seed"] == "6"


def test_simulate__takes_fields_of_the_spec(isograph, out):
    ended = isograph(
        "simulate",
        "toy_v1",
        out,
        *("--set", "n_samples=10", "--set", "module_sizes=6,4", "--set", "role_shares={coupled = 1.0}"),
        *("--set", "sampling=counts", "--set", "name=mine"),
    )
    assert (ended.code, ended.err) == (0, "")
    manifest = json.loads((out / "manifest.json").read_bytes())
    assert manifest["dataset_name"] == "mine"
    assert {matrix["n_samples"] for matrix in manifest["matrices"]} == {10}
    truth = pl.read_parquet(out / "truth_channel_role.parquet").drop_nulls("module_id")
    assert truth.get_column("module_id").value_counts().sort("module_id").rows() == [(0, 6), (1, 4)]
    assert set(truth.get_column("truth_role")) == {"coupled"}


def test_simulate__lists_suites_and_sizes(isograph):
    ended = isograph("simulate", "--list")
    lines = ended.out.splitlines()
    assert (ended.code, ended.err) == (0, "")
    assert tuple(line for line in lines if not line.startswith(" ")) == SUITES
    assert lines[1].split() == ["toy_v1", "24", "genes", "×", "48", "samples", "2", "modules"]
    assert "  xxlarge_multiplex_v1  12,000 genes × 240 samples   16 modules" in lines


def test_simulate__lists_one_suite(isograph):
    ended = isograph("simulate", "--list", "--suite", "null_v1")
    lines = ended.out.splitlines()
    assert lines[0] == "null_v1"
    assert len(lines) == 9
    assert all(line.endswith("no modules") for line in lines[1:])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["toy_v2", "OUT", "--suite", "core_v1"],
            "error: no fixture 'toy_v2' in suite core_v1; did you mean 'toy_v1'?",
        ),
        (["toy_v1", "OUT", "--suite", "cor_v1"], "error: no suite 'cor_v1'; did you mean 'core_v1'?"),
        (["--list", "--suite", "cor_v1"], "error: no suite 'cor_v1'; did you mean 'core_v1'?"),
        ([], "error: FIXTURE is missing: isograph simulate FIXTURE OUT."),
        (["toy_v1"], "error: OUT is missing: isograph simulate FIXTURE OUT."),
        (["toy_v1", "OUT", "--set", "n_genes"], "error: --set takes FIELD=VALUE, got 'n_genes'."),
        (["toy_v1", "OUT", "--seed", "-1"], "error: seed is -1, expected 0 to 2^32 − 1"),
        (["toy_v1", "OUT", "--verbose", "--quiet"], "error: --verbose and --quiet exclude each other; give one."),
    ],
)
def test_simulate__refuses_what_it_cannot_do(isograph, out, arguments, message):
    ended = isograph("simulate", *(out if argument == "OUT" else argument for argument in arguments))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(message)
    assert not out.exists()


def test_simulate__lists_every_impossible_field(isograph, out):
    fields = ("n_samples=2", "n_genes=20", "single_isoform_share=1.5", "noise=1")
    ended = isograph("simulate", "toy_v1", out, *(part for field in fields for part in ("--set", field)))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: fixture 'toy_v1': there is no field 'noise'")
    assert ended.err.endswith(
        "; n_samples is 2, expected 3 to 1,000,000; single_isoform_share is 1.5, expected 0 to 1; "
        "the modules hold 24 genes, expected at most n_genes = 20\n"
    )
    assert not out.exists()


def test_simulate__replaces_a_bundle_only_when_told_to(isograph, out):
    isograph("simulate", "toy_v1", out)
    before = content(out)
    refused = isograph("simulate", "toy_v1", out, "--seed", 1)
    assert refused.code == 2
    assert "exists and is not empty. Pass --overwrite to replace it" in refused.err
    assert content(out) == before
    assert isograph("simulate", "toy_v1", out, "--seed", 1, "--overwrite").code == 0
    assert provenance(out)["seed"] == "1"


def test_simulate__never_replaces_what_is_no_bundle(isograph, out):
    out.mkdir()
    (out / "thesis.txt").write_text("precious")
    ended = isograph("simulate", "toy_v1", out, "--overwrite")
    assert ended.code == 2
    assert (
        ended.err == f"error: {out} holds files and is not a bundle, so it is not replaced. Name another directory.\n"
    )
    assert content(out) == {"thesis.txt": b"precious"}


def test_simulate__tells_what_it_drew_when_asked(isograph, out):
    ended = isograph("simulate", "toy_v1", out, "--verbose", "--seed", 3)
    assert ended.err == "toy_v1: 24 genes × 48 samples, 2 modules, seed 3\n"


def test_simulate__draws_a_bundle_again(isograph, out, tmp_path):
    isograph("simulate", "toy_multiplex_v1", tmp_path / "made")
    ended = isograph("simulate", "--redraw", tmp_path / "made", out, "--null", "overdispersed", "--seed", 4, "-v")
    assert (ended.code, ended.out) == (0, f"{out}\n")
    assert ended.err == f"{tmp_path / 'made'}: 37 genes drawn again, 3 with one transcript as they were\n"
    told = provenance(out)
    assert (told["redraw_of"], told["redraw_null"], told["redraw_seed"]) == ("toy_multiplex_v1", "overdispersed", "4")
    assert told["redraw_of_sha256"] == provenance(tmp_path / "made")["sha256:transcript_counts.npz"]
    assert isograph("validate", out).code == 0
    first = content(out)
    again = isograph("simulate", out, "--redraw", tmp_path / "made", "--null=overdispersed", "--seed=4", "--overwrite")
    assert (again.code, content(out)) == (0, first)
    assert isograph("simulate", "--redraw", tmp_path / "made", out, "--overwrite").code == 0
    assert provenance(out)["redraw_null"] == "multinomial"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--redraw", "b"], 2, "error: OUT is missing: isograph simulate --redraw BUNDLE OUT."),
        (["toy_v1", "OUT", "--redraw", "b"], 2, "error: --redraw takes no FIXTURE, got 'toy_v1': isograph simulate"),
        (["toy_v1", "OUT", "--null", "multinomial"], 2, "error: --null says how a bundle is drawn again: name one"),
        (["toy_v1", "OUT", "--within", "Sex"], 2, "error: --within says how a bundle is drawn again: name one with"),
        (["OUT", "--redraw", "b", "--set", "n_genes=5"], 2, "error: --set: for fixtures only, and --redraw names a"),
        (["OUT", "--redraw", "b", "--within", "Sex"], 2, "error: --within is for --null overdispersed"),
        (["OUT", "--redraw", "b"], 3, "error: b: directory: there is no such directory."),
    ],
)
def test_simulate__refuses_to_draw_again_what_it_cannot(isograph, out, arguments, code, message):
    ended = isograph("simulate", *(out if argument == "OUT" else argument for argument in arguments))
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith(message)
    assert not out.exists()
