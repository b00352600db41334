"""Artifact directories: tables that keep their contract, JSON, and a manifest with every file's size and sha256."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

import orjson
import polars as pl

import isograph
from isograph.errors import InputError, examples
from isograph.schemas import Table
from isograph.store.files import data_digest, file_digest, read_json_object
from isograph.store.output import output_directory, refuse_foreign, write_file

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MANIFEST = "manifest.json"
SCHEMA_VERSION = 1
COMPRESSION_LEVEL = 3
JSON_STYLE = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS


@dataclass(slots=True)
class ArtifactWriter:
    """Writes the files of one artifact directory and remembers what each must hold.

    Attributes
    ----------
    directory : where the files go until they are complete.
    kind : what the directory is, ``fit``.
    files : the size, the sha256 and other facts of each file that was written.
    manifest : the manifest once it is written and every file was compared with it; empty before.
    """

    directory: Path
    kind: str
    files: dict[str, dict[str, object]] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)

    def table(self, contract: Table, frame: pl.DataFrame) -> None:
        """Write ``frame`` as ``<name>.parquet`` after checking it against its contract.

        Raises
        ------
        SchemaError
            The frame does not keep the contract.
        OSError
            The file cannot be written.
        """
        self.parquet(contract.name, contract.checked(frame), table=contract.name)

    def parquet(self, name: str, frame: pl.DataFrame, **facts: object) -> None:
        """Write a frame as ``<name>.parquet`` and remember its size, its sha256, its number of rows and ``facts``."""
        file = f"{name}.parquet"
        hashing = _HashingFile()
        write_file(self.directory / file, partial(hashing.write_parquet, frame))
        size = {"bytes": hashing.n_bytes, "sha256": hashing.digest.hexdigest(), "n_rows": frame.height}
        self.files[file] = {**size, **facts}

    def json(self, name: str, content: object) -> None:
        """Write ``content`` as JSON with sorted keys; NaN and infinity become null."""
        self.file(name, orjson.dumps(content, option=JSON_STYLE | orjson.OPT_SERIALIZE_NUMPY))

    def file(self, name: str, data: bytes, **facts: object) -> None:
        """Write a file and remember its size, its sha256 and ``facts``."""
        write_file(self.directory / name, data)
        self.files[name] = {"bytes": len(data), "sha256": data_digest(data), **facts}


class _HashingFile(io.BufferedIOBase):
    """A file that counts and hashes what is written to it, so that a table is never held as bytes.

    Attributes
    ----------
    digest, n_bytes : of what was written so far.
    """

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.n_bytes = 0
        self._handle: BinaryIO | None = None
        self._failure: OSError | None = None

    def write_parquet(self, frame: pl.DataFrame, handle: BinaryIO) -> None:
        """Write ``frame`` to ``handle``."""
        self._handle = handle
        target = cast("IO[bytes]", self)
        try:
            frame.write_parquet(target, compression="zstd", compression_level=COMPRESSION_LEVEL)
        except pl.exceptions.ComputeError:
            # NOTE: Polars makes it an error of its own, in which a full disk cannot be told from a bug.
            if self._failure is not None:
                raise self._failure from None
            raise

    def writable(self) -> bool:
        """Return True: it is only written to."""
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        """Write ``data`` as a whole and return its length."""
        assert self._handle is not None
        self.digest.update(data)
        try:
            n_bytes = self._handle.write(data)
        except OSError as failure:
            self._failure = failure
            raise
        self.n_bytes += n_bytes
        return n_bytes


@contextmanager
def artifact_directory(out: Path, kind: str, *, overwrite: bool, expected_bytes: int = 0) -> Iterator[ArtifactWriter]:
    """Yield a writer; its files and their manifest appear at ``out`` only if the block ends without an exception.

    Raises
    ------
    UsageError
        ``out`` exists and may not be replaced: ``overwrite`` replaces nothing but an artifact of the same kind.
    """
    if overwrite:
        refuse_foreign(out, f"a {kind}", lambda path: is_artifact(path, kind))
    with output_directory(out, overwrite=overwrite, expected_bytes=expected_bytes) as directory:
        writer = ArtifactWriter(directory, kind)
        yield writer
        manifest = manifest_of(kind, writer.files)
        write_file(directory / MANIFEST, orjson.dumps(manifest, option=JSON_STYLE))
        verify(directory, manifest)
        writer.manifest = manifest


def manifest_of(kind: str, files: Mapping[str, object], /, **facts: object) -> dict[str, Any]:
    """Return the manifest of an artifact with these files; facts: what it says beside them."""
    return {
        "artifact": kind,
        "schema_version": SCHEMA_VERSION,
        "isograph_version": isograph.__version__,
        **facts,
        "files": dict(files),
    }


def is_artifact(path: Path, kind: str) -> bool:
    """Whether a directory has the manifest of an artifact of this kind."""
    try:
        return bool(read_manifest(path).get("artifact") == kind)
    except InputError:
        return False


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest of an artifact directory.

    Raises
    ------
    InputError
        There is none (the directory is not an artifact, or a run did not finish), or it is not readable.
    """
    return read_json_object(
        path / MANIFEST, absent=f"no {MANIFEST}: not a directory that isograph wrote, or a run that did not finish."
    )


def verify(path: Path, manifest: Mapping[str, object], *, needed: Iterable[str] = ()) -> None:
    """Check that every file of ``manifest`` is there with its size and sha256, and that it lists the files ``needed``.

    Raises
    ------
    InputError
        The manifest lists no files or not all that are needed, or files are missing or changed; all are named.
    """
    files = manifest.get("files")
    entries: dict[str, object] = files if isinstance(files, dict) else {}
    foreign, missing, changed = [], [], []
    for name, facts in entries.items():
        file = path / name
        if Path(name).name != name:
            foreign.append(name)
        elif not file.is_file():
            missing.append(name)
        # A file of another size is not even read.
        elif (
            not isinstance(facts, dict)
            or file.stat().st_size != facts.get("bytes")
            or file_digest(file) != facts.get("sha256")
        ):
            changed.append(name)
    remedy = " Make the artifact again."
    problems = [
        f"{len(names)} files {problem}: {examples(names)}.{advice}"
        for names, problem, advice in (
            ([name for name in needed if name not in entries], f"not in {MANIFEST}", remedy),
            (foreign, f"in {MANIFEST} outside the directory", ""),
            (missing, "missing", remedy),
            (changed, "changed since they were written", remedy),
        )
        if names
    ]
    if problems:
        raise InputError(str(path), problems)
