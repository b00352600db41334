from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from isograph.errors import ResourceError, UsageError
from isograph.store import output
from isograph.store.output import output_directory, refuse_existing, write_file, write_output_file

# A process that is killed while it writes OUT: it holds the lock, and says so once it does.
WRITER = """
import sys, time
from pathlib import Path
from isograph.store.output import output_directory, write_file
with output_directory(Path(sys.argv[1]), overwrite=True) as directory:
    write_file(directory / "half.txt", b"half")
    print("writing", flush=True)
    time.sleep(60)
"""


def contents(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def left_behind(parent: Path) -> list[str]:
    return sorted(entry.name for entry in parent.iterdir() if entry.name.startswith("."))


@pytest.fixture
def writer(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_output_directory__appears_when_the_block_ends(tmp_path):
    out = tmp_path / "deep" / "out"
    with output_directory(out) as directory:
        write_file(directory / "a.txt", b"a")
        write_file(directory / "b" / "c.txt", b"c")
        assert not out.exists()
        assert directory.parent == out.parent
        assert directory.stat().st_mode & 0o777 == 0o700
    assert contents(out) == {"a.txt": b"a", "b/c.txt": b"c"}
    assert out.stat().st_mode & 0o777 == 0o755
    assert left_behind(out.parent) == []


@pytest.mark.parametrize("overwrite", [False, True])
def test_output_directory__takes_the_place_of_an_empty_one(tmp_path, overwrite):
    out = tmp_path / "out"
    out.mkdir()
    with output_directory(out, overwrite=overwrite) as directory:
        write_file(directory / "a.txt", b"a")
    assert contents(out) == {"a.txt": b"a"}
    assert left_behind(tmp_path) == []


def test_output_directory__replaces_everything_when_told_to(tmp_path):
    out = tmp_path / "out"
    write_file(out / "old.txt", b"old")
    with output_directory(out, overwrite=True) as directory:
        write_file(directory / "a.txt", b"a")
        assert contents(out) == {"old.txt": b"old"}
    assert contents(out) == {"a.txt": b"a"}
    assert left_behind(tmp_path) == []


def test_output_directory__refuses_one_that_holds_something(tmp_path):
    out = tmp_path / "out"
    write_file(out / "old.txt", b"old")
    with pytest.raises(UsageError) as raised, output_directory(out):
        pytest.fail("the block ran")
    assert str(raised.value) == (
        f"{out} exists and is not empty. Pass overwrite=True to replace it, or name another directory."
    )
    assert contents(tmp_path) == {"out/old.txt": b"old"}


def test_output_directory__refuses_one_that_was_filled_meanwhile(tmp_path):
    out = tmp_path / "out"

    def fill_meanwhile() -> None:
        with output_directory(out) as directory:
            write_file(directory / "a.txt", b"a")
            write_file(out / "other.txt", b"other")

    with pytest.raises(UsageError, match="exists and is not empty"):
        fill_meanwhile()
    assert contents(tmp_path) == {"out/other.txt": b"other"}


@pytest.mark.parametrize("kind", ["file", "link to a directory", "dangling link"])
def test_refuse_existing__never_replaces_what_is_no_directory(tmp_path, kind):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    if kind == "file":
        out.write_bytes(b"x")
    else:
        if kind == "link to a directory":
            elsewhere.mkdir()
        out.symlink_to(elsewhere)
    with pytest.raises(UsageError) as raised:
        refuse_existing(out, overwrite=True)
    assert str(raised.value) == f"{out} exists and is not a directory. Name another output directory."


@pytest.mark.parametrize("name", [".", "..", "/"])
def test_refuse_existing__never_replaces_the_working_directory(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as raised:
        refuse_existing(Path(name), overwrite=True)
    assert str(raised.value) == (
        f"{name} is the working directory or holds it, so it is not replaced. Name a directory in it."
    )


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, MemoryError])
def test_output_directory__leaves_everything_as_it_was_after_an_exception(tmp_path, error):
    out = tmp_path / "out"
    write_file(out / "old.txt", b"old")

    def fail_half_way() -> None:
        with output_directory(out, overwrite=True) as directory:
            write_file(directory / "a.txt", b"a")
            raise error

    with pytest.raises(error):
        fail_half_way()
    assert contents(tmp_path) == {"out/old.txt": b"old"}
    assert left_behind(tmp_path) == []


def test_output_directory__puts_the_old_one_back_when_the_last_rename_fails(tmp_path, monkeypatch):
    out = tmp_path / "out"
    write_file(out / "old.txt", b"old")
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if ".tmp-" in self.name:
            raise OSError(errno.EIO, "broken disk")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="broken disk"), output_directory(out, overwrite=True) as directory:
        write_file(directory / "a.txt", b"a")
    assert contents(tmp_path) == {"out/old.txt": b"old"}
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_output_directory__says_that_the_disk_is_full(tmp_path, number):
    with pytest.raises(ResourceError) as raised, output_directory(tmp_path / "out"):
        raise OSError(number, os.strerror(number))
    assert str(raised.value) == (
        f"{tmp_path}: {os.strerror(number)}. Nothing was written. Free some space or write elsewhere."
    )
    assert list(tmp_path.iterdir()) == []


def test_output_directory__refuses_before_the_disk_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(output.shutil, "disk_usage", lambda _: output.shutil._ntuple_diskusage(0, 0, 10 * 2**20))
    with pytest.raises(ResourceError) as raised, output_directory(tmp_path / "out", expected_bytes=8 * 2**20):
        pytest.fail("the block ran")
    assert str(raised.value) == (
        f"{tmp_path}: 10 MiB free, 12 MiB needed. Free some space or write to another file system."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("file/out", "File exists"),
        ("file/deep/out", "Not a directory"),
        ("x" * 300, "File name too long"),
        ("x" * 230, "File name too long"),
    ],
)
def test_output_directory__says_why_it_cannot_be_made(tmp_path, name, reason):
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(UsageError) as raised, output_directory(tmp_path / name):
        pytest.fail("the block ran")
    assert str(raised.value) == f"{tmp_path / name} cannot be made: {reason}. Name another output directory."


def test_output_directory__lets_one_process_write_at_a_time(tmp_path, writer):
    out = tmp_path / "out"
    with pytest.raises(UsageError) as raised, output_directory(out):
        pytest.fail("the block ran")
    assert str(raised.value) == f"{out} is being written by another process. Wait for it, or name another directory."
    assert [name for name in left_behind(tmp_path) if name.endswith(".lock")] == [".out.lock"]


def test_output_directory__clears_away_what_a_killed_process_left(tmp_path, writer):
    out = tmp_path / "out"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    stale = left_behind(tmp_path)
    assert [name.partition("-")[0] for name in stale] == [".out.lock", ".out.tmp"]
    with output_directory(out) as directory:
        write_file(directory / "a.txt", b"a")
    assert contents(out) == {"a.txt": b"a"}
    assert left_behind(tmp_path) == []


def test_output_directory__leaves_the_temporaries_of_other_outputs_alone(tmp_path):
    (tmp_path / ".out2.tmp-1").mkdir()
    (tmp_path / ".o.tmp-1").mkdir()
    with output_directory(tmp_path / "o*t[1]?"):
        pass
    with output_directory(tmp_path / "o*"):
        pass
    assert left_behind(tmp_path) == [".o.tmp-1", ".out2.tmp-1"]


def test_output_directory__follows_no_link_to_its_lock(tmp_path):
    (tmp_path / ".out.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(UsageError, match="Too many levels of symbolic links"), output_directory(tmp_path / "out"):
        pytest.fail("the block ran")
    assert not (tmp_path / "victim").exists()


def test_write_file__writes_the_bytes_and_makes_its_directory(tmp_path):
    write_file(tmp_path / "a" / "b.bin", b"\x00\xff\n")
    assert (tmp_path / "a" / "b.bin").read_bytes() == b"\x00\xff\n"


def test_write_output_file__makes_its_directory_and_leaves_nothing_else(tmp_path):
    write_output_file(tmp_path / "new" / "a.bin", b"whole", overwrite=False)
    assert contents(tmp_path) == {"new/a.bin": b"whole"}


def test_write_output_file__replaces_only_when_asked(tmp_path):
    out = tmp_path / "a.bin"
    out.write_bytes(b"before")
    with pytest.raises(UsageError) as caught:
        write_output_file(out, b"after", overwrite=False)
    assert str(caught.value) == f"{out} exists. Pass overwrite=True to replace it, or name another file."
    assert contents(tmp_path) == {"a.bin": b"before"}
    write_output_file(out, b"after", overwrite=True)
    assert contents(tmp_path) == {"a.bin": b"after"}


def test_write_output_file__is_no_directory(tmp_path):
    with pytest.raises(UsageError) as caught:
        write_output_file(tmp_path, b"", overwrite=True)
    assert str(caught.value) == f"{tmp_path} is a directory. Name a file."


def test_write_output_file__below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match=r"cannot be made: .*\. Name another output file\.$"):
        write_output_file(tmp_path / "file" / "a.bin", b"", overwrite=False)


def test_write_output_file__full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    out = tmp_path / "a.bin"
    out.write_bytes(b"before")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ResourceError, match="No space left on device"):
        write_output_file(out, b"after", overwrite=True)
    assert contents(tmp_path) == {"a.bin": b"before"}


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
