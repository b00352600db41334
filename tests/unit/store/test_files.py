from __future__ import annotations

import hashlib
import os

import pytest

from isograph.errors import InputError
from isograph.store.files import directory_digests, file_digest, read_json_object


def test_digests__are_those_of_the_visible_files(tmp_path):
    for name in ("b", "a", ".hidden"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "below").mkdir()
    expected = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("a", "b")}
    assert list(directory_digests(tmp_path).items()) == list(expected.items())
    with pytest.raises(InputError, match="no such file"):
        file_digest(tmp_path / "c")


def test_read_json_object__returns_it(tmp_path):
    (tmp_path / "facts.json").write_text('{"a": 1}')
    assert read_json_object(tmp_path / "facts.json", absent="none.") == {"a": 1}


def test_read_json_object__says_what_is_wrong(tmp_path):
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "half.json").write_text('{"a"')
    (tmp_path / "large.json").write_text("{" + " " * 2**21 + "}")
    (tmp_path / "directory.json").mkdir()
    os.mkfifo(tmp_path / "fifo.json")
    messages = {
        "absent": "none.",
        "list": "list.json holds no object.",
        "half": "half.json cannot be read: ",
        "large": "large.json is 2 MiB, expected at most 1.",
        "directory": "directory.json is not a regular file.",
        "fifo": "fifo.json is not a regular file.",
    }
    for name, message in messages.items():
        with pytest.raises(InputError) as raised:
            read_json_object(tmp_path / f"{name}.json", absent="none.", max_bytes=2**20)
        assert raised.value.subject == str(tmp_path)
        assert raised.value.violations[0].startswith(message)
