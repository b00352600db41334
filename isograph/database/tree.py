"""The runs below a directory: which bundles, fits, snapshots, explanations and reports there are, and their files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from isograph.bundle.manifest import DIGEST_KEY, MANIFEST, MAX_MANIFEST_BYTES, read_bundle_manifest
from isograph.database.bundle_view import MATRIX_OF, VIEW_OF_KIND
from isograph.errors import InputError
from isograph.schemas.explanation import EXPLAIN_TABLES
from isograph.store.explanation import EXPLANATION_MANIFEST, PART
from isograph.store.files import read_json_object

FIT, SNAPSHOT, BUNDLE, EXPLANATION, REPORT = "fit", "snapshot", "bundle", "explanation", "report"
REPORT_KINDS = ("benchmark", "runtime-memory", "calibration", "stability")
MAX_REPORT_BYTES = 64 * 2**20
NOT_WHOLE = f"no {MANIFEST}: a run that did not finish, or not one that isograph made."
_JSON_TABLES = {
    "fit_config.json": "config_json",
    "run_config.json": "config_json",
    "calibration.json": "calibration_json",
}
_SIGNS_OF_A_RUN = ("modules.parquet", "fit_config.json", "samples.parquet")


@dataclass(frozen=True, slots=True)
class File:
    """One file of a run.

    Attributes
    ----------
    table : what its rows or its content belong to.
    path : relative to the root, with ``/``.
    module_id : of an explanation's table.
    n_bytes, sha256 : as in its manifest; None where the manifest does not say.
    """

    table: str
    path: str
    module_id: str | None = None
    n_bytes: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One bundle, fit, snapshot, explanation or report.

    Attributes
    ----------
    name : ``directory``; what sets it apart from others of that name comes before it.
    directory : name of its directory; of a report its stage.
    path : relative to the root.
    facts : ``dataset``, ``backend``, ``seed``, ``isograph_version`` and ``fit``, as far as they are known.
    """

    kind: str
    name: str
    directory: str
    path: str
    files: tuple[File, ...]
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something that is left out, and why."""

    path: str
    problem: str


@dataclass(frozen=True, slots=True)
class Tree:
    """Every run below ``root``, and what could not be one."""

    root: Path
    runs: tuple[Run, ...]
    problems: tuple[Problem, ...]


def tree(root: Path) -> Tree:
    """Return the runs at or below ``root``. Hidden directories and symbolic links to directories are not entered.

    Raises
    ------
    InputError
        ``root`` is no directory, or is itself a run that is not whole.
    """
    root = Path(os.path.abspath(root))  # noqa: PTH100 - links stay as they were named
    if not root.is_dir():
        raise InputError(str(root), "there is no such directory. Name one that holds bundles or fits.")
    runs: list[Run] = []
    problems: list[Problem] = []
    for directory, below, names in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith("."))
        entries = _entries(root, Path(directory), below, sorted(names))
        runs += [entry for entry in entries if isinstance(entry, Run)]
        problems += [entry for entry in entries if isinstance(entry, Problem)]
        # NOTE: a run holds no other run; reports lie beside each other and beside directories.
        if any(not isinstance(entry, Run) or entry.kind != REPORT for entry in entries):
            below.clear()
    if at_root := [problem.problem for problem in problems if problem.path == "."]:
        raise InputError(str(root), at_root)
    return Tree(root, tuple(_distinctly_named(root, runs)), tuple(sorted(problems)))


def joined(trees: Iterable[Tree]) -> Tree:
    """Return several trees as one below the directory they share; a run in two of them counts once."""
    several = list(trees)
    if len(several) == 1:
        return several[0]
    root = Path(os.path.commonpath([part.root for part in several]))
    runs: dict[str, Run] = {}
    problems: set[Problem] = set()
    for part in several:
        above = part.root.relative_to(root)
        for run in part.runs:
            files = tuple(replace(file, path=_path(above, file.path)) for file in run.files)
            path = _path(above, run.path)
            runs.setdefault(path, replace(run, name=run.directory, path=path, files=files))
        problems |= {Problem(_path(above, problem.path), problem.problem) for problem in part.problems}
    return Tree(root, tuple(_distinctly_named(root, list(runs.values()))), tuple(sorted(problems)))


def _path(above: Path | str, path: str) -> str:
    return PurePosixPath(above, path).as_posix()


def _entries(root: Path, directory: Path, below: list[str], names: list[str]) -> list[Run | Problem]:
    """Return what is in a directory: the run that it is, why it cannot be one, or reports; most often nothing."""
    path = PurePosixPath(directory.relative_to(root)).as_posix()
    if unreadable := _name_problem(directory):
        return [Problem(path.encode(errors="backslashreplace").decode(), unreadable)]
    try:
        if EXPLANATION_MANIFEST in names:
            return [_explanation(directory, path, below)]
        if MANIFEST in names:
            return [_bundle_or_fit(directory, path)]
    except InputError as error:
        return [Problem(path, " ".join(error.violations))]
    if any(sign in names for sign in _SIGNS_OF_A_RUN):
        return [Problem(path, NOT_WHOLE)]
    return list(_reports(directory, path, names))


def _name_problem(directory: Path) -> str:
    """Return why DuckDB cannot read files in a directory of that name; nothing when it can."""
    text = str(directory)
    try:
        text.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8. Rename it."
    if "\\" in text and any(character in text for character in "*?["):
        return "DuckDB cannot read a path with a backslash and one of * ? [ in it. Rename it."
    return ""


def _bundle_or_fit(directory: Path, path: str) -> Run:
    manifest = read_json_object(directory / MANIFEST, absent=NOT_WHOLE, max_bytes=MAX_MANIFEST_BYTES)
    if manifest.get("artifact") in (FIT, SNAPSHOT):
        return _fit(directory, path, manifest)
    if "dataset_name" in manifest:
        return _bundle(directory, path)
    raise InputError(MANIFEST, f"{MANIFEST} is neither a bundle's nor a fit's.")


def _fit(directory: Path, path: str, manifest: Mapping[str, Any]) -> Run:
    kind: str = manifest["artifact"]
    entries = _listed_files(manifest)
    files = []
    for name, facts in sorted(entries.items()):
        table = facts.get("table") or _JSON_TABLES.get(name)
        if kind == SNAPSHOT and name == "fit_config.json":
            continue
        if isinstance(table, str) and "/" not in name:
            files.append(_file(table, f"{path}/{name}", facts))
    config: dict[str, Any] = {}
    if "fit_config.json" in entries:
        absent = "the manifest lists fit_config.json, but it is not there."
        config = read_json_object(directory / "fit_config.json", absent=absent, max_bytes=MAX_MANIFEST_BYTES)
    run_facts = {
        "dataset": _mapping(config.get("bundle")).get("dataset_name"),
        "backend": config.get("backend"),
        "seed": config.get("seed"),
        "isograph_version": manifest.get("isograph_version"),
    }
    return Run(kind, directory.name, directory.name, path, tuple(files), run_facts)


def _bundle(directory: Path, path: str) -> Run:
    manifest = read_bundle_manifest(directory)
    if manifest.sample_table is None:
        raise InputError(MANIFEST, [finding.message for finding in manifest.findings])
    tables = [("samples", manifest.sample_table)]
    tables += [(VIEW_OF_KIND[e.kind], e.filename) for e in manifest.feature_tables if e.kind in VIEW_OF_KIND]
    tables += [(e.assay_name, e.filename) for e in manifest.matrices if e.assay_name in MATRIX_OF]
    files = [
        File(table, _path(path, filename), sha256=manifest.provenance.get(f"{DIGEST_KEY}{filename}"))
        for table, filename in tables
    ]
    return Run(BUNDLE, directory.name, directory.name, path, tuple(files), {"dataset": manifest.dataset_name})


def _explanation(directory: Path, path: str, below: Iterable[str]) -> Run:
    manifest = read_json_object(directory / EXPLANATION_MANIFEST, absent=NOT_WHOLE, max_bytes=MAX_REPORT_BYTES)
    if manifest.get("artifact") == PART:
        raise InputError(path, "one module of an explanation that did not finish, or that was not named as a whole.")
    entries = _listed_files(manifest)
    files = [File("config_json", _path(path, EXPLANATION_MANIFEST))]
    for module in below:
        for table in EXPLAIN_TABLES:
            name = f"{module}/{table}.parquet"
            if (directory / name).is_file():
                files.append(_file(table, f"{path}/{name}", entries.get(name, {}), module))
    # NOTE: a record of the fit, or its path alone.
    explained = manifest.get("fit")
    fit_path = explained.get("path") if isinstance(explained, dict) else explained
    facts = {
        "dataset": _mapping(explained).get("dataset_name"),
        "backend": _mapping(explained).get("backend"),
        "isograph_version": manifest.get("isograph_version"),
        "fit": PurePosixPath(fit_path).name if isinstance(fit_path, str) and fit_path else None,
    }
    return Run(EXPLANATION, directory.name, directory.name, path, tuple(files), facts)


def _reports(directory: Path, path: str, names: Iterable[str]) -> Iterator[Run | Problem]:
    for name in names:
        kind = next((kind for kind in REPORT_KINDS if name.endswith(f"-{kind}.json")), None)
        if kind is None:
            continue
        file = _path(path, name)
        try:
            report = read_json_object(directory / name, absent=f"{name} is gone.", max_bytes=MAX_REPORT_BYTES)
        except InputError as error:
            yield Problem(file, " ".join(error.violations))
            continue
        if isinstance(report.get("results"), list) and isinstance(report.get("stage"), str):
            facts = {key: report.get(key) for key in ("backend", "seed", "isograph_version")}
            yield Run(REPORT, report["stage"], report["stage"], file, (File(f"report_json/{kind}", file),), facts)


def _listed_files(manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what a manifest says of each file; nothing of a file that it says nonsense of."""
    return {name: _mapping(facts) for name, facts in _mapping(manifest.get("files")).items()}


def _file(table: str, path: str, facts: Mapping[str, object], module_id: str | None = None) -> File:
    n_bytes, sha256 = facts.get("bytes"), facts.get("sha256")
    return File(
        table,
        PurePosixPath(path).as_posix(),
        module_id,
        n_bytes if isinstance(n_bytes, int) else None,
        sha256 if isinstance(sha256, str) else None,
    )


def _mapping(value: object) -> dict[str, Any]:
    """Return a JSON value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def _distinctly_named(root: Path, runs: list[Run]) -> list[Run]:
    """Return the runs under names that tell those of one kind apart, by as little of their paths as does it.

    A name is the end of the path, longer where two would have the same name.
    """
    # NOTE: fits and snapshots stand in the same views, and reports of one stage keep its name if they are of different
    # kinds.
    kinds, parts = [], []
    for run in runs:
        path = PurePosixPath(run.path)
        if run.kind == REPORT:
            kinds.append(run.files[0].table)
            parts.append((*path.parent.parts, run.name))
        else:
            kinds.append(FIT if run.kind == SNAPSHOT else run.kind)
            parts.append(path.parts or (root.name,))
    names = [part[-1] for part in parts]
    for depth in range(2, max(map(len, parts), default=0) + 1):
        counts = Counter(zip(kinds, names, strict=True))
        names = [
            "/".join(part[-depth:]) if counts[kind, name] > 1 else name
            for kind, name, part in zip(kinds, names, parts, strict=True)
        ]
    return [replace(run, name=name) for run, name in zip(runs, names, strict=True)]
