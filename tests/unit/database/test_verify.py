from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest

from isograph.database.tree import Problem, tree
from isograph.database.verify import ReadableFile, catalog_contents


def contents(root: Path) -> tuple[Mapping[str, Sequence[ReadableFile]], Sequence[Problem]]:
    found = catalog_contents(tree(root))
    return found.files, found.problems


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
def test_catalog_contents__names_the_damaged_file_and_keeps_the_rest(artifacts, damage, problem):
    damage(artifacts / "fits" / "b" / "edges.parquet")
    files, problems = contents(artifacts)
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
def test_catalog_contents__names_what_a_view_cannot_read(artifacts, rewrite, problem):
    file = artifacts / "fits" / "b" / "modules.parquet"
    rewrite(pl.read_parquet(file)).write_parquet(file)
    without_digests(artifacts / "fits" / "b")
    _, problems = contents(artifacts)
    assert problems == [Problem("fits/b/modules.parquet", problem)]


def test_catalog_contents__keeps_samples_apart_that_differ_in_case(artifacts):
    file = artifacts / "fits" / "b" / "feature_scores.parquet"
    pl.read_parquet(file).rename({"S000": "s000"}).write_parquet(file)
    without_digests(artifacts / "fits" / "b")
    files, problems = contents(artifacts)
    assert [entry.run.name for entry in files["feature_scores"]] == ["a"]
    assert problems == [
        Problem(
            "fits/b/feature_scores.parquet", "has samples that SQL cannot tell apart: 's000' here and 'S000' elsewhere."
        )
    ]


def test_catalog_contents__reads_garbage_as_a_problem(artifacts):
    (artifacts / "fits" / "b" / "modules.parquet").write_bytes(b"PAR1" + bytes(100) + b"PAR1")
    without_digests(artifacts / "fits" / "b")
    _, problems = contents(artifacts)
    told = "is not a parquet file that can be read: it is damaged or was not written to its end."
    assert problems == [Problem("fits/b/modules.parquet", told)]
