from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from isograph.bundle.file import read_file
from isograph.errors import InputError


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    directory = tmp_path / "bundle"
    (directory / "tables").mkdir(parents=True)
    (directory / "plain").write_bytes(b"plain")
    (directory / "tables" / "nested").write_bytes(b"nested")
    return directory


def violations(bundle: Path, filename: str, max_bytes: int = 100) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        read_file(bundle, filename, max_bytes=max_bytes)
    return caught.value.violations


@pytest.mark.parametrize(("filename", "content"), [("plain", b"plain"), ("tables/nested", b"nested")])
def test_read_file__returns_the_bytes(bundle, filename, content):
    assert read_file(bundle, filename, max_bytes=6) == content


def test_read_file__follows_a_link_to_the_bundle_itself(bundle, tmp_path):
    (tmp_path / "alias").symlink_to(bundle)
    assert read_file(tmp_path / "alias", "plain", max_bytes=100) == b"plain"


def test_read_file__refuses_links_to_files_and_directories(bundle, tmp_path):
    (bundle / "link").symlink_to(tmp_path / "outside" / "secret")
    (bundle / "inner").symlink_to("plain")
    (bundle / "dangling").symlink_to("nowhere")
    (bundle / "folder").symlink_to(tmp_path / "outside")
    advice = "is a symbolic link. Put the file itself into the bundle."
    assert violations(bundle, "link") == (f"'link' {advice}",)
    assert violations(bundle, "inner") == (f"'inner' {advice}",)
    assert violations(bundle, "dangling") == (f"'dangling' {advice}",)
    assert violations(bundle, "folder/secret") == (f"'folder' {advice}",)


def test_read_file__opens_no_link_even_when_the_look_before_is_blind(bundle, tmp_path, monkeypatch):
    (bundle / "link").symlink_to(tmp_path / "outside" / "secret")
    (bundle / "folder").symlink_to(tmp_path / "outside")
    monkeypatch.setattr("isograph.bundle.file._refuse_link", lambda *_: None)
    assert violations(bundle, "link") == (f"cannot be read: {os.strerror(errno.ELOOP)}.",)
    assert violations(bundle, "folder/secret") == (f"cannot be read: {os.strerror(errno.ENOTDIR)}.",)


def test_read_file__refuses_what_is_no_regular_file(bundle, monkeypatch):
    os.mkfifo(bundle / "fifo")
    (bundle / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(bundle)
        server.bind("socket")
    assert violations(bundle, "fifo") == ("is not a regular file.",)
    assert violations(bundle, "folder") == ("cannot be read: Is a directory.",)
    assert violations(bundle, "socket")[0].startswith("cannot be read: ")
    assert violations(bundle, "plain/x") == ("cannot be read: Not a directory.",)


def test_read_file__says_that_a_file_is_absent(bundle):
    assert violations(bundle, "none") == ("there is no such file in the bundle.",)
    assert violations(bundle, "none/x") == ("there is no such file in the bundle.",)


def test_read_file__refuses_a_file_above_its_limit(bundle):
    (bundle / "large").write_bytes(b"0" * (2**20 + 1))
    assert violations(bundle, "large", 2**20) == ("is 1.0 MiB, expected at most 1.0 MiB.",)


def test_read_file__checks_the_name_itself(bundle):
    assert violations(bundle, "../outside/secret") == (
        "'../outside/secret' leads out of the bundle. A bundle names files inside its own directory.",
    )


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors through /proc")
def test_read_file__leaves_no_descriptor_open(bundle):
    before = len(list(Path("/proc/self/fd").iterdir()))
    read_file(bundle, "tables/nested", max_bytes=100)
    violations(bundle, "tables/none")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
