"""The directory of an explanation: one whole directory a module, and a manifest of the run when all are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from isograph.errors import InputError, UsageError
from isograph.schemas import Table
from isograph.store.artifact import JSON_STYLE, ArtifactWriter, manifest_of, verify
from isograph.store.files import read_json_object
from isograph.store.output import output_directory, write_file, write_output_file

EXPLANATION_MANIFEST = "module_explanation_manifest.json"
KIND = "explanation"
PART = "module_explanation"
SEPARATORS = {"csv": ",", "tsv": "\t"}


@dataclass(slots=True)
class PartWriter(ArtifactWriter):
    """Writes the files of one module; tables also in the formats of ``copies``."""

    copies: tuple[str, ...] = ()

    def explained(self, contract: Table, frame: pl.DataFrame, added: Mapping[str, pl.DataType]) -> None:
        """Write a table of the module that keeps its contract apart from the columns ``added`` at its end."""
        contract.checked(frame.drop(list(added)))
        self.beside(contract.name, frame, table=contract.name)

    def beside(self, name: str, frame: pl.DataFrame, **facts: object) -> None:
        """Write a table without a contract, that of a figure; the manifest lists ``facts`` beside its columns."""
        columns = {column: str(dtype) for column, dtype in frame.schema.items()}
        self.parquet(name, frame, columns=columns, **facts)
        for copy in self.copies:
            text = frame.write_csv(separator=SEPARATORS[copy])
            self.file(f"{name}.{copy}", text.encode(), n_rows=frame.height)


@contextmanager
def explanation_part(
    out: Path, *, facts: Mapping[str, object], copies: tuple[str, ...], overwrite: bool
) -> Iterator[PartWriter]:
    """Yield a writer; its files and their manifest appear at ``out`` only if the block ends without an exception.

    facts: what the manifest says beside the files.
    """
    with output_directory(out, overwrite=overwrite) as directory:
        writer = PartWriter(directory, PART, copies=copies)
        yield writer
        manifest = manifest_of(PART, writer.files, **facts)
        write_file(directory / EXPLANATION_MANIFEST, orjson.dumps(manifest, option=JSON_STYLE))


def read_part(path: Path) -> dict[str, object] | None:
    """Return the manifest of a part whose files are all as they were written, None where there is no such part."""
    try:
        content = read_explanation_manifest(path)
        verify(path, content)
    except InputError:
        return None
    return content if content.get("artifact") == PART else None


def read_explanation_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest of an explanation, or of one module's part of it.

    Raises
    ------
    InputError
        There is none, or it is not readable.
    """
    absent = f"no {EXPLANATION_MANIFEST}: not an explanation, or a run that did not finish. Run it again."
    return read_json_object(path / EXPLANATION_MANIFEST, absent=absent)


def finish_explanation(out: Path, parts: Mapping[str, Mapping[str, object]], facts: Mapping[str, object]) -> None:
    """Write the manifest of the run, which lists the files of every part; it is written when all of them are there."""
    files: dict[str, object] = {}
    for part, manifest in parts.items():
        listed = manifest["files"]
        if isinstance(listed, Mapping):
            files |= {f"{part}/{name}": entry for name, entry in listed.items()}
    content = orjson.dumps(manifest_of(KIND, files, **facts), option=JSON_STYLE)
    write_output_file(out / EXPLANATION_MANIFEST, content, overwrite=True)


def require_explanation_only(out: Path) -> None:
    """Refuse to write into ``out`` if it holds anything but an explanation, finished or not.

    Raises
    ------
    UsageError
        It is no directory, or holds something else.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UsageError(f"{out} exists and is not a directory. Name another output directory.")
    if not out.is_dir():
        return
    for entry in out.iterdir():
        ours = entry.name == EXPLANATION_MANIFEST or (entry / EXPLANATION_MANIFEST).is_file()
        if not ours and not entry.name.startswith("."):
            raise UsageError(f"{out} holds '{entry.name}' and is not an explanation. Name another output directory.")
