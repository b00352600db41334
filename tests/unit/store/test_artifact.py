from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import isograph
from isograph.errors import InputError, ResourceError, SchemaError, UsageError
from isograph.schemas import SWITCH_LOADINGS
from isograph.store import artifact as artifact_module
from isograph.store.artifact import artifact_directory, read_manifest, verify

LOADINGS = pl.DataFrame({"gene_id": ["g", "g"], "transcript_id": ["001", "002"], "loading": [0.5, float("nan")]})


@pytest.fixture
def artifact(tmp_path):
    path = tmp_path / "fit"
    with artifact_directory(path, "fit", overwrite=False) as writer:
        writer.table(SWITCH_LOADINGS, LOADINGS)
        writer.json("facts.json", {"b": 1, "a": float("nan")})
        writer.file("note.txt", b"note")
    return path


def violations(path, **options: object) -> tuple[str, ...]:
    with pytest.raises(InputError) as raised:
        verify(path, read_manifest(path), **options)
    assert raised.value.subject == str(path)
    return raised.value.violations


def edit_manifest(path, edit) -> None:
    manifest = json.loads((path / "manifest.json").read_text())
    edit(manifest["files"])
    (path / "manifest.json").write_text(json.dumps(manifest))


def test_artifact_directory__lists_every_file_with_size_and_digest(artifact):
    files = {name: (artifact / name).read_bytes() for name in ("facts.json", "note.txt", "switch_loadings.parquet")}
    expected = {name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()}
    expected["switch_loadings.parquet"] |= {"table": "switch_loadings", "n_rows": 2}
    assert read_manifest(artifact) == {
        "artifact": "fit",
        "schema_version": 1,
        "isograph_version": isograph.__version__,
        "files": expected,
    }
    assert sorted(file.name for file in artifact.iterdir()) == sorted([*files, "manifest.json"])
    verify(artifact, read_manifest(artifact))


def test_artifact_writer__writes_what_can_be_read_back(artifact):
    assert pl.read_parquet(artifact / "switch_loadings.parquet").equals(LOADINGS)
    assert (artifact / "facts.json").read_text() == '{\n  "a": null,\n  "b": 1\n}'


def test_artifact_directory__writes_the_same_bytes_again(artifact, tmp_path):
    with artifact_directory(tmp_path / "again", "fit", overwrite=False) as writer:
        writer.table(SWITCH_LOADINGS, LOADINGS)
        writer.json("facts.json", {"a": float("nan"), "b": 1})
        writer.file("note.txt", b"note")
    for file in artifact.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


def test_artifact_writer__refuses_a_table_that_breaks_its_contract(tmp_path):
    with (
        pytest.raises(SchemaError, match="table switch_loadings: 1 columns missing: 'loading'"),
        artifact_directory(tmp_path / "fit", "fit", overwrite=False) as writer,
    ):
        writer.table(SWITCH_LOADINGS, LOADINGS.drop("loading"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("n_rows", [1, 200_000])
def test_artifact_writer__says_that_the_disk_is_full(tmp_path, n_rows):
    ids = [f"T{number}" for number in range(n_rows)]
    loadings = np.random.default_rng(0).normal(size=n_rows)
    table = pl.DataFrame({"gene_id": ids, "transcript_id": ids, "loading": loadings})

    def full() -> None:
        with artifact_directory(tmp_path / "fit", "fit", overwrite=False) as writer:
            (writer.directory / "switch_loadings.parquet").symlink_to("/dev/full")
            writer.table(SWITCH_LOADINGS, table)

    with pytest.raises(ResourceError, match=r"No space left on device\. Nothing was written"):
        full()
    assert list(tmp_path.iterdir()) == []


def test_artifact_directory__reads_back_what_it_wrote(tmp_path, monkeypatch):
    def losing(path, data: bytes) -> None:
        path.write_bytes(data if path.name == "manifest.json" else data[:-1])

    monkeypatch.setattr(artifact_module, "write_file", losing)
    with (
        pytest.raises(InputError, match=r"1 files changed since they were written: 'note\.txt'"),
        artifact_directory(tmp_path / "fit", "fit", overwrite=False) as writer,
    ):
        writer.file("note.txt", b"note")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"note", b'{"artifact": "snapshot"}', b'{"dataset_name": "toy"}'])
def test_artifact_directory__replaces_nothing_but_its_own_kind(tmp_path, content):
    out = tmp_path / "precious"
    out.mkdir()
    (out / "manifest.json").write_bytes(content)
    with pytest.raises(UsageError) as raised, artifact_directory(out, "fit", overwrite=True):
        pytest.fail("the block ran")
    assert str(raised.value) == f"{out} holds files and is not a fit, so it is not replaced. Name another directory."
    assert (out / "manifest.json").read_bytes() == content


def test_artifact_directory__hands_on_the_manifest_that_it_compared_with_the_files(tmp_path):
    with artifact_directory(tmp_path / "fit", "fit", overwrite=False) as writer:
        writer.table(SWITCH_LOADINGS, LOADINGS)
        assert writer.manifest == {}
    assert writer.manifest == read_manifest(tmp_path / "fit")


def test_artifact_directory__replaces_its_own_kind(artifact):
    with artifact_directory(artifact, "fit", overwrite=True) as writer:
        writer.file("new.txt", b"new")
    assert sorted(file.name for file in artifact.iterdir()) == ["manifest.json", "new.txt"]


@pytest.mark.parametrize("position", [0, 100, -1])
def test_verify__sees_a_changed_byte(artifact, position):
    file = artifact / "switch_loadings.parquet"
    data = bytearray(file.read_bytes())
    data[position] ^= 1
    file.write_bytes(data)
    assert violations(artifact) == (
        "1 files changed since they were written: 'switch_loadings.parquet'. Make the artifact again.",
    )


def test_verify__names_everything_missing_truncated_or_changed(artifact):
    (artifact / "facts.json").unlink()
    (artifact / "note.txt").write_bytes(b"not")
    (artifact / "switch_loadings.parquet").write_bytes(b"")
    assert violations(artifact) == (
        "1 files missing: 'facts.json'. Make the artifact again.",
        "2 files changed since they were written: 'note.txt', 'switch_loadings.parquet'. Make the artifact again.",
    )


def test_verify__wants_the_files_that_are_needed(artifact):
    edit_manifest(artifact, lambda files: files.pop("note.txt"))
    verify(artifact, read_manifest(artifact))
    assert violations(artifact, needed=["facts.json", "note.txt"]) == (
        "1 files not in manifest.json: 'note.txt'. Make the artifact again.",
    )


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/hostname", "deep/note.txt"])
def test_verify__looks_at_nothing_outside_the_directory(artifact, name):
    (artifact.parent / "outside.txt").write_bytes(b"x")
    edit_manifest(
        artifact, lambda files: files.update({name: {"bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest()}})
    )
    assert violations(artifact) == (f"1 files in manifest.json outside the directory: '{name}'.",)


def test_verify__does_not_wait_for_what_is_no_file(artifact):
    (artifact / "note.txt").unlink()
    os.mkfifo(artifact / "note.txt")
    assert violations(artifact) == ("1 files missing: 'note.txt'. Make the artifact again.",)


@pytest.mark.parametrize("facts", [None, 3, {}, {"bytes": 4}, {"bytes": "4", "sha256": None}])
def test_verify__takes_no_entry_without_size_and_digest(artifact, facts):
    edit_manifest(artifact, lambda files: files.update({"note.txt": facts}))
    assert violations(artifact) == ("1 files changed since they were written: 'note.txt'. Make the artifact again.",)


@pytest.mark.parametrize(
    ("content", "violation"),
    [
        (None, "no manifest.json: not a directory that isograph wrote, or a run that did not finish."),
        (b"[]", "manifest.json holds no object."),
        (b"{", "manifest.json cannot be read: unexpected end of data: line 1 column 2 (char 1)"),
        (b"\xff", "manifest.json cannot be read: "),
    ],
    ids=["absent", "a list", "truncated", "not text"],
)
def test_read_manifest__says_what_is_wrong(tmp_path, content, violation):
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(InputError) as raised:
        read_manifest(tmp_path)
    (found,) = raised.value.violations
    assert found.startswith(violation)


def test_read_manifest__refuses_a_path_that_is_a_file(tmp_path):
    (tmp_path / "fit").write_bytes(b"x")
    with pytest.raises(InputError, match=r"manifest\.json cannot be read: "):
        read_manifest(tmp_path / "fit")
