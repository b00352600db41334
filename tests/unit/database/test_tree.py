from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from isograph.database.tree import Problem, joined, tree
from isograph.database.verify import sound_files
from isograph.errors import InputError

NOT_WHOLE = "no manifest.json: a run that did not finish, or not one that isograph made."


def names(found) -> list[tuple[str, str]]:
    return [(run.kind, run.name) for run in found.runs]


def test_tree__finds_bundles_and_fits_below_a_directory(artifacts):
    assert names(tree(artifacts)) == [("bundle", "toy_v1"), ("fit", "a"), ("fit", "b")]


def test_tree__of_one_run_is_that_run(artifacts):
    found = tree(artifacts / "fits" / "a")
    assert names(found) == [("fit", "a")]
    assert {file.path for file in found.runs[0].files} >= {"modules.parquet", "fit_config.json"}


def test_tree__names_runs_of_one_directory_name_apart_and_no_others(artifacts):
    shutil.copytree(artifacts / "fits" / "a", artifacts / "earlier" / "a")
    found = tree(artifacts)
    assert names(found) == [("bundle", "toy_v1"), ("fit", "earlier/a"), ("fit", "fits/a"), ("fit", "b")]


def test_tree__leaves_out_what_is_not_whole_and_says_so(artifacts):
    (artifacts / "fits" / "b" / "manifest.json").unlink()
    (artifacts / "bundles" / "toy_v1" / "manifest.json").write_text("{")
    (artifacts / "else").mkdir()
    (artifacts / "else" / "manifest.json").write_text('{"artifact": "other"}')
    found = tree(artifacts)
    assert names(found) == [("fit", "a")]
    assert [problem.path for problem in found.problems] == ["bundles/toy_v1", "else", "fits/b"]
    assert found.problems[2] == Problem("fits/b", NOT_WHOLE)


def test_tree__is_an_error_where_the_run_named_is_not_whole(artifacts):
    (artifacts / "fits" / "b" / "manifest.json").unlink()
    with pytest.raises(InputError) as raised:
        tree(artifacts / "fits" / "b")
    assert raised.value.violations == (NOT_WHOLE,)


def test_tree__enters_no_hidden_directory_and_no_link(artifacts, tmp_path):
    shutil.copytree(artifacts / "fits" / "a", artifacts / ".a.tmp-1")
    (artifacts / "link").symlink_to(artifacts / "fits")
    assert len(tree(artifacts).runs) == 3


def test_tree__takes_the_stage_of_a_report_for_its_run(tmp_path):
    report = {"stage": "core_v1-factor", "results": [], "seed": 0, "backend": "factor"}
    (tmp_path / "core_v1-factor-benchmark.json").write_text(json.dumps(report))
    (tmp_path / "other-benchmark.json").write_text("[]")
    (tmp_path / "notes.json").write_text("{")
    found = tree(tmp_path)
    assert names(found) == [("report", "core_v1-factor")]
    assert found.problems == (Problem("other-benchmark.json", "other-benchmark.json holds no object."),)


def test_joined__counts_a_run_once_and_finds_files_from_the_shared_root(artifacts):
    found = joined([tree(artifacts / "fits"), tree(artifacts / "fits" / "a"), tree(artifacts / "bundles" / "toy_v1")])
    assert found.root == artifacts
    assert sorted(names(found)) == [("bundle", "toy_v1"), ("fit", "a"), ("fit", "b")]
    assert all((found.root / file.path).is_file() for run in found.runs for file in run.files)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda file: file.unlink(), "the manifest lists it, but it is not there."),
        (lambda file: file.write_bytes(b""), "is 0 bytes, "),
        (
            lambda file: file.write_bytes(file.read_bytes()[:-8] + b"12345678"),
            "changed since it was written: its sha256 is not the one in the manifest.",
        ),
    ],
)
def test_soundness__names_the_damaged_file_and_keeps_the_rest(artifacts, damage, problem):
    damage(artifacts / "fits" / "b" / "edges.parquet")
    files, problems = sound_files(tree(artifacts))
    assert [(entry.path, entry.problem.startswith(problem)) for entry in problems] == [("fits/b/edges.parquet", True)]
    assert [entry.run.name for entry in files["edges"]] == ["a"]
    assert [entry.run.name for entry in files["modules"]] == ["a", "b"]


def without_digests(fit: Path) -> None:
    manifest = json.loads((fit / "manifest.json").read_text())
    for facts in manifest["files"].values():
        facts.pop("sha256", None)
        facts.pop("bytes", None)
    (fit / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("rewrite", "problem"),
    [
        (lambda frame: frame.drop("gene_id"), "lacks the columns 'gene_id'."),
        (lambda frame: frame.with_columns(kme=frame["gene_id"]), "has columns of another type: 'kme is String'."),
        (
            lambda frame: frame.with_columns(KME=frame["kme"]),
            "has columns that differ in case only, which SQL cannot tell apart: 'kme', 'KME'.",
        ),
    ],
)
def test_soundness__names_what_a_view_cannot_read(artifacts, rewrite, problem):
    import polars as pl

    file = artifacts / "fits" / "b" / "modules.parquet"
    rewrite(pl.read_parquet(file)).write_parquet(file)
    without_digests(artifacts / "fits" / "b")
    _, problems = sound_files(tree(artifacts))
    assert problems == [Problem("fits/b/modules.parquet", problem)]


def test_soundness__keeps_samples_apart_that_differ_in_case(artifacts):
    import polars as pl

    file = artifacts / "fits" / "b" / "feature_scores.parquet"
    pl.read_parquet(file).rename({"S000": "s000"}).write_parquet(file)
    without_digests(artifacts / "fits" / "b")
    files, problems = sound_files(tree(artifacts))
    assert [entry.run.name for entry in files["feature_scores"]] == ["a"]
    assert problems == [
        Problem(
            "fits/b/feature_scores.parquet", "has samples that SQL cannot tell apart: 's000' here and 'S000' elsewhere."
        )
    ]


def test_soundness__reads_garbage_as_a_problem(artifacts):
    (artifacts / "fits" / "b" / "modules.parquet").write_bytes(b"PAR1" + bytes(100) + b"PAR1")
    without_digests(artifacts / "fits" / "b")
    _, problems = sound_files(tree(artifacts))
    told = "is not a parquet file that can be read: it is damaged or was not written to its end."
    assert problems == [Problem("fits/b/modules.parquet", told)]


def test_tree__takes_no_part_of_an_explanation_for_a_whole_one(tmp_path):
    (tmp_path / "explain" / "a" / "M000").mkdir(parents=True)
    part = tmp_path / "explain" / "a" / "M000" / "module_explanation_manifest.json"
    part.write_text(json.dumps({"artifact": "module_explanation"}))
    found = tree(tmp_path)
    told = "one module of an explanation that did not finish, or that was not named as a whole."
    assert (found.runs, found.problems) == ((), (Problem("explain/a/M000", told),))
