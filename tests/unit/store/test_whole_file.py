from __future__ import annotations

import errno
import os

import pytest

from isograph.errors import ResourceError, UsageError
from isograph.store.output import write_output_file


def test_write_output_file__makes_the_directory_and_replaces(tmp_path):
    path = tmp_path / "new" / "out.json"
    write_output_file(path, b"one", overwrite=True)
    write_output_file(path, b"two", overwrite=True)
    assert path.read_bytes() == b"two"
    assert [entry.name for entry in path.parent.iterdir()] == ["out.json"]


def test_write_output_file__refuses_a_directory(tmp_path):
    with pytest.raises(UsageError, match=r"is a directory\. Name a file"):
        write_output_file(tmp_path, b"", overwrite=True)


@pytest.mark.parametrize(
    ("code", "error", "told"),
    [(errno.ENOSPC, ResourceError, "Nothing was written"), (errno.EACCES, UsageError, "Name another output file")],
)
def test_write_output_file__leaves_what_was_there_when_it_fails(tmp_path, monkeypatch, code, error, told):
    path = tmp_path / "out.json"
    path.write_bytes(b"before")

    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(error, match=told):
        write_output_file(path, b"after", overwrite=True)
    assert path.read_bytes() == b"before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.json"]


def test_write_output_file__says_when_the_parent_is_a_file(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot be made: "):
        write_output_file(tmp_path / "file" / "out.json", b"", overwrite=True)
