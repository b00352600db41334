from __future__ import annotations

import json
import os
import shutil

import pytest

from isograph.database.tree import Problem, joined, tree
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


def test_tree__takes_no_part_of_an_explanation_for_a_whole_one(tmp_path):
    (tmp_path / "explain" / "a" / "M000").mkdir(parents=True)
    part = tmp_path / "explain" / "a" / "M000" / "module_explanation_manifest.json"
    part.write_text(json.dumps({"artifact": "module_explanation"}))
    found = tree(tmp_path)
    told = "one module of an explanation that did not finish, or that was not named as a whole."
    assert (found.runs, found.problems) == ((), (Problem("explain/a/M000", told),))


def test_tree__does_not_wait_for_a_manifest_that_is_no_file(artifacts):
    (artifacts / "fits" / "b" / "manifest.json").unlink()
    os.mkfifo(artifacts / "fits" / "b" / "manifest.json")
    assert tree(artifacts).problems == (Problem("fits/b", "manifest.json is not a regular file."),)


def test_tree__does_not_follow_the_manifest_of_a_bundle_elsewhere(artifacts):
    manifest = artifacts / "bundles" / "toy_v1" / "manifest.json"
    manifest.rename(artifacts / "elsewhere.json")
    manifest.symlink_to(artifacts / "elsewhere.json")
    (problem,) = tree(artifacts).problems
    assert problem.problem.startswith("'manifest.json' is a symbolic link.")


def test_tree__reads_no_manifest_that_is_too_large(artifacts):
    with (artifacts / "fits" / "b" / "manifest.json").open("ab") as manifest:
        manifest.truncate(3 * 2**20)
    assert tree(artifacts).problems == (Problem("fits/b", "manifest.json is 3 MiB, expected at most 1."),)
