"""Output directories and files that are either whole or absent: written beside, fsynced, put in place by one rename."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from isograph.errors import ResourceError, UsageError, option
from isograph.text import glob_literal

FREE_SPACE_FACTOR = 1.5
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NOT_WRITABLE = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.ENOENT,
    errno.ENAMETOOLONG,
    errno.ELOOP,
)


def refuse_existing(out: Path, *, overwrite: bool) -> None:
    """Raise when ``out`` holds something and ``overwrite`` is not set.

    Raises
    ------
    UsageError
        ``out`` is a file, the working directory or one above it, or a directory that is not empty and may not be
        replaced.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UsageError(f"{out} exists and is not a directory. Name another output directory.")
    if out.is_dir() and Path.cwd().is_relative_to(out.resolve()):
        raise UsageError(f"{out} is the working directory or holds it, so it is not replaced. Name a directory in it.")
    if out.is_dir() and any(out.iterdir()) and not overwrite:
        remedy = f"Pass {option('overwrite', value=True)} to replace it, or name another directory."
        raise UsageError(f"{out} exists and is not empty. {remedy}")


@contextmanager
def output_directory(out: Path, *, overwrite: bool = False, expected_bytes: int = 0) -> Iterator[Path]:
    """Yield a temporary sibling of ``out`` that becomes ``out`` only if the block ends without an exception.

    The caller writes its files into the yielded directory (``write_file`` fsyncs each) and its manifest last.
    On any exception, an interrupt included, the temporary directory is removed and ``out`` is as it was.

    Raises
    ------
    UsageError
        ``out`` exists and may not be replaced, cannot be made, or another process is writing it.
    ResourceError
        The file system has less than 1.5 × ``expected_bytes`` free, or becomes full.
    """
    parent = out.absolute().parent
    with _refusal_explained(out):
        refuse_existing(out, overwrite=overwrite)
        parent.mkdir(parents=True, exist_ok=True)
    require_free_space(parent, expected_bytes)
    with _full_disk_explained(parent), _lock(parent / f".{out.name}.lock", out):
        # NOTE: only under the lock: without a holder, such a directory belongs to a run that was killed.
        for stale in parent.glob(f".{glob_literal(out.name)}.tmp-*"):
            shutil.rmtree(stale, ignore_errors=True)
        temporary = parent / f".{out.name}.tmp-{uuid.uuid4().hex}"
        try:
            with _refusal_explained(out):
                temporary.mkdir(mode=0o700)
            yield temporary
            _sync(temporary)
            temporary.chmod(0o755)
            refuse_existing(out, overwrite=overwrite)
            _replace(temporary, out)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def write_file(path: Path, content: bytes | Callable[[BinaryIO], object]) -> None:
    """Write ``path`` and fsync it. content: its bytes, or what writes them to the open file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as handle:
        if isinstance(content, bytes):
            handle.write(content)
        else:
            content(handle)
        handle.flush()
        os.fsync(handle.fileno())


@contextmanager
def output_file(out: Path, *, overwrite: bool, expected_bytes: int = 0) -> Iterator[Path]:
    """Yield the name of a sibling of ``out`` that becomes ``out`` only if the block ends without an exception.

    The block writes the sibling. A process that has the earlier file open goes on reading it.

    Raises
    ------
    UsageError
        ``out`` is a directory or a link, exists and ``overwrite`` is not set, or cannot be made.
    ResourceError
        The file system has less than 1.5 × ``expected_bytes`` free, or becomes full.
    """
    refuse_existing_file(out, overwrite=overwrite)
    parent = out.absolute().parent
    temporary = parent / f".{out.name[:50]}.tmp-{uuid.uuid4().hex}"
    with _refusal_explained(out, "file"), _full_disk_explained(parent):
        parent.mkdir(parents=True, exist_ok=True)
        require_free_space(parent, expected_bytes)
        try:
            yield temporary
            _sync(temporary)
            temporary.replace(out)
            _sync(parent)
        finally:
            temporary.unlink(missing_ok=True)


def write_output_file(out: Path, data: bytes, *, overwrite: bool) -> None:
    """Write ``data`` as the file ``out``; if that fails, an earlier file is as it was. Raises as ``output_file``."""
    with output_file(out, overwrite=overwrite, expected_bytes=len(data)) as temporary:
        temporary.write_bytes(data)


def refuse_existing_file(out: Path, *, overwrite: bool) -> None:
    """Raise when the file ``out`` may not be written.

    Raises
    ------
    UsageError
        ``out`` is a directory or a link, or exists and ``overwrite`` is not set.
    """
    if out.is_symlink() or (out.exists() and not out.is_file()):
        what = "link" if out.is_symlink() else "directory" if out.is_dir() else "device"
        raise UsageError(f"{out} is a {what}. Name a file.")
    if out.exists() and not overwrite:
        raise UsageError(f"{out} exists. Pass {option('overwrite', value=True)} to replace it, or name another file.")


def refuse_foreign(out: Path, kind: str, is_ours: Callable[[Path], bool]) -> None:
    """Raise when ``out`` is a directory that holds files and is not one of ours, so that it is never replaced.

    Parameters
    ----------
    kind : what it should be, with its article: ``a bundle``.
    is_ours : whether the directory is one.
    """
    if out.is_dir() and any(out.iterdir()) and not is_ours(out):
        raise UsageError(f"{out} holds files and is not {kind}, so it is not replaced. Name another directory.")


@contextmanager
def _refusal_explained(out: Path, what: str = "directory") -> Iterator[None]:
    """Turn the operating system's refusal to make ``out`` into a request for another name."""
    try:
        yield
    except OSError as error:
        if error.errno in _NOT_WRITABLE:
            raise UsageError(f"{out} cannot be made: {error.strerror}. Name another output {what}.") from error
        raise


@contextmanager
def _full_disk_explained(parent: Path) -> Iterator[None]:
    """Turn the error of a full file system into the one that says so."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            message = f"{parent}: {error.strerror}. Nothing was written. Free some space or write elsewhere."
            raise ResourceError(message) from error
        raise


def require_free_space(parent: Path, expected_bytes: int) -> None:
    """Check that the file system of ``parent`` has 1.5 × ``expected_bytes`` free.

    Raises
    ------
    ResourceError
        It has less.
    """
    free = shutil.disk_usage(parent).free
    if free < FREE_SPACE_FACTOR * expected_bytes:
        raise ResourceError(
            f"{parent}: {free / 2**20:.0f} MiB free, {FREE_SPACE_FACTOR * expected_bytes / 2**20:.0f} MiB needed. "
            "Free some space or write to another file system."
        )


@contextmanager
def _lock(path: Path, out: Path) -> Iterator[None]:
    """Hold the lock at ``path`` inside the block, or refuse to write ``out`` while another process holds it."""
    while True:
        with _refusal_explained(out):
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            message = f"{out} is being written by another process. Wait for it, or name another directory."
            raise UsageError(message) from None
        # NOTE: the last holder removes the file; a lock on a removed file protects nothing, so look again.
        with suppress(FileNotFoundError):
            if os.fstat(handle).st_ino == path.stat().st_ino:
                break
        os.close(handle)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def _replace(temporary: Path, out: Path) -> None:
    """Put the directory ``temporary`` in the place of ``out``; if that fails, what was there is back."""
    if not out.exists():
        temporary.rename(out)
    else:
        old = out.absolute().parent / f".{out.name}.old-{uuid.uuid4().hex}"
        out.rename(old)
        try:
            temporary.rename(out)
        except BaseException:
            old.rename(out)
            raise
        shutil.rmtree(old, ignore_errors=True)
    _sync(out.absolute().parent)


def _sync(path: Path) -> None:
    """Make the system write out a file, or the names in a directory."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
