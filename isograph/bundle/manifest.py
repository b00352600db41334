"""The manifest of a bundle: strict JSON, known keys, file names that stay inside."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from isograph.bundle.file import filename_problem, read_file
from isograph.bundle.findings import Finding, error, reason, warning
from isograph.errors import InputError, examples, shown

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 2**20
DIGEST_KEY = "sha256:"
ENCODING = "dense_npz"
_TYPES: dict[str, type] = {
    "dataset_name": str,
    "suite_name": str,
    "description": str,
    "sample_table": str,
    "feature_tables": list,
    "matrices": list,
    "provenance": dict,
    "truth_tables": list,
}
_TABLE_TYPES: dict[str, type] = {"kind": str, "filename": str, "n_rows": int}
_MATRIX_TYPES: dict[str, type] = {
    "assay_name": str,
    "filename": str,
    "n_features": int,
    "n_samples": int,
    "encoding": str,
}
_JSON_NAMES = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class TableEntry:
    """A feature table as the manifest describes it."""

    kind: str
    filename: str
    n_rows: int


@dataclass(frozen=True, slots=True)
class MatrixEntry:
    """A matrix as the manifest describes it."""

    assay_name: str
    filename: str
    n_features: int
    n_samples: int
    encoding: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The well-formed part of a manifest.

    Attributes
    ----------
    sample_table : None where the manifest names none that could be opened.
    findings : what is wrong with the rest, and doubts.
    """

    dataset_name: str
    suite_name: str
    description: str
    sample_table: str | None
    feature_tables: tuple[TableEntry, ...]
    matrices: tuple[MatrixEntry, ...]
    provenance: dict[str, str]
    truth_tables: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing had to be left out."""
        return all(finding.level == "warning" for finding in self.findings)


def read_bundle_manifest(path: Path) -> Manifest:
    """Return the manifest of the bundle in the directory ``path``.

    Raises
    ------
    InputError
        There is none, it cannot be read, is no JSON object, or is the manifest of something else.
    """
    try:
        return parse_manifest(read_file(path, MANIFEST, max_bytes=MAX_MANIFEST_BYTES))
    except InputError as problem:
        raise InputError(shown(path / MANIFEST), problem.violations) from None


def parse_manifest(data: bytes) -> Manifest:
    """Return the manifest of a bundle with every violation in it.

    Refused besides what JSON refuses: more than 1 MiB, NaN and Infinity, the same key twice in one object, unknown and
    missing keys, and file names that could lead out of the bundle.

    Raises
    ------
    InputError
        It is no JSON object, or the manifest of a fit or another artifact.
    """
    values = _json_object(data)
    artifact = values.get("artifact")
    if isinstance(artifact, str) and values.keys().isdisjoint(_TYPES):
        raise InputError(
            MANIFEST, f"this directory is a {shown(artifact)}, expected a bundle. Name the bundle it was made from."
        )
    tables, table_findings = _entries(values, "feature_tables", _TABLE_TYPES)
    matrices, matrix_findings = _entries(values, "matrices", _MATRIX_TYPES)
    truths, truth_findings = _truth_tables(values)
    findings = [*_key_findings(values, _TYPES), *table_findings, *matrix_findings, *truth_findings]
    for key, field, entries in (("feature_tables", "kind", tables), ("matrices", "assay_name", matrices)):
        counts = Counter(entry[field] for entry in entries)
        if repeated := [name for name, count in counts.items() if count > 1]:
            message = f"{key}: {examples(repeated)} listed more than once. Keep one of each {field}."
            findings.append(error(MANIFEST, message))
    texts = {key: value for key, value in values.items() if isinstance(value, str)}
    # NOTE: the name becomes a directory name wherever a fit is put by default.
    name = texts.get("dataset_name")
    if name is not None and (
        name.strip() in ("", ".", "..") or not name.isprintable() or not {"/", "\\"}.isdisjoint(name)
    ):
        message = f"dataset_name is '{shown(name)}', expected printable text without slashes: results are named by it."
        findings.append(error(MANIFEST, message))
    recorded = values.get("provenance")
    provenance = recorded if isinstance(recorded, dict) else {}
    if others := [key for key, value in provenance.items() if not isinstance(value, str)]:
        findings.append(error(MANIFEST, f"provenance: the values of {examples(others)} are not text. Quote them."))
    sample_table = texts.get("sample_table")
    if sample_table is not None and (problem := filename_problem(sample_table)) is not None:
        findings.append(error(MANIFEST, f"sample_table: {problem}."))
        sample_table = None
    unlisted = [name for name in truths if name not in {entry["filename"] for entry in tables}]
    if unlisted and not findings:
        message = f"truth_tables: {examples(unlisted)} not among the feature_tables, so not read."
        findings.append(warning(MANIFEST, message))
    return Manifest(
        dataset_name=texts.get("dataset_name", ""),
        suite_name=texts.get("suite_name", ""),
        description=texts.get("description", ""),
        sample_table=sample_table,
        feature_tables=tuple(TableEntry(**entry) for entry in tables),
        matrices=tuple(MatrixEntry(**entry) for entry in matrices),
        provenance={key: value for key, value in provenance.items() if isinstance(value, str)},
        truth_tables=tuple(truths),
        findings=tuple(findings),
    )


def _json_object(data: bytes) -> dict[str, object]:
    """Return the object that ``data`` is, refusing what Python's parser would let pass."""
    if len(data) > MAX_MANIFEST_BYTES:
        raise InputError(MANIFEST, f"is {len(data):,} bytes, expected at most {MAX_MANIFEST_BYTES:,}.")
    if not data.strip():
        raise InputError(MANIFEST, "is empty.")
    try:
        values = json.loads(data.decode("utf-8"), object_pairs_hook=_without_repeats, parse_constant=_refuse_constant)
        # NOTE: 1e999 and half of a surrogate pair pass the parser, and no writer after it.
        json.dumps(values, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except InputError:
        raise
    except UnicodeError as problem:
        raise InputError(MANIFEST, f"is not valid UTF-8 text: {reason(problem)}.") from None
    except RecursionError:
        raise InputError(MANIFEST, "is nested too deeply.") from None
    except ValueError as problem:
        raise InputError(MANIFEST, f"is not valid JSON: {reason(problem)}.") from None
    if not isinstance(values, dict):
        raise InputError(MANIFEST, f"holds {_JSON_NAMES[type(values)]}, expected an object.")
    return values


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    repeated = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    if repeated:
        sentence = f"the same key stands twice in one object: {examples(repeated)}. Keep one of them."
        raise InputError(MANIFEST, sentence)
    return dict(pairs)


def _refuse_constant(constant: str) -> NoReturn:
    raise InputError(MANIFEST, f"is not valid JSON: {constant} is not a JSON value.")


def _key_findings(values: Mapping[str, object], types: Mapping[str, type], entry: str = "") -> Iterable[Finding]:
    """Every key that is missing, unknown or of the wrong type; ``entry`` is the name of the object and a colon."""
    missing = [key for key in types if key not in values]
    unknown = [key for key in values if key not in types]
    if missing:
        yield error(MANIFEST, f"{entry}missing {_keys(missing)}. Add {'it' if len(missing) == 1 else 'them'}.")
    if unknown:
        yield error(MANIFEST, f"{entry}unknown {_keys(unknown)}. The keys are {', '.join(types)}.")
    for key, expected in types.items():
        if key in values and type(values[key]) is not expected:
            got = _JSON_NAMES[type(values[key])]
            yield error(MANIFEST, f"{entry}{key} is {got}, expected {_JSON_NAMES[expected]}.")


def _keys(keys: list[str]) -> str:
    # NOTE: all of them, however many: a reader fixes them in one go.
    return f"key{'' if len(keys) == 1 else 's'} {examples(keys, limit=len(keys))}"


def _entries(
    values: Mapping[str, object], key: str, types: Mapping[str, type]
) -> tuple[list[dict[str, Any]], list[Finding]]:
    """The well-formed entries of the list ``key``, and what is wrong with the others."""
    listed = values.get(key)
    entries: list[dict[str, Any]] = []
    findings: list[Finding] = []
    for number, entry in enumerate(listed if isinstance(listed, list) else []):
        name = f"{key}[{number}]: "
        if not isinstance(entry, dict):
            findings.append(error(MANIFEST, f"{name}is {_JSON_NAMES[type(entry)]}, expected an object."))
            continue
        problems = list(_key_findings(entry, types, name))
        for field, value in entry.items():
            if types.get(field) is int and type(value) is int and value < 0:
                problems.append(error(MANIFEST, f"{name}{field} is {value}, expected 0 or more."))
        filename = entry.get("filename")
        if isinstance(filename, str) and (problem := filename_problem(filename)) is not None:
            problems.append(error(MANIFEST, f"{name}{problem}."))
        findings += problems
        if not problems:
            entries.append(entry)
    return entries, findings


def _truth_tables(values: Mapping[str, object]) -> tuple[list[str], list[Finding]]:
    listed = values.get("truth_tables")
    names: list[str] = []
    findings: list[Finding] = []
    for number, name in enumerate(listed if isinstance(listed, list) else []):
        if not isinstance(name, str):
            message = f"truth_tables[{number}]: is {_JSON_NAMES[type(name)]}, expected text."
            findings.append(error(MANIFEST, message))
        elif (problem := filename_problem(name)) is not None:
            findings.append(error(MANIFEST, f"truth_tables[{number}]: {problem}."))
        else:
            names.append(name)
    return names, findings
