"""The runs below a directory: which bundles, fits, snapshots, explanations and reports there are, and their files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import orjson

from isograph.bundle.manifest import DIGEST_KEY, MAX_MANIFEST_BYTES, Manifest, parse_manifest
from isograph.errors import InputError

MANIFEST = "manifest.json"
EXPLANATION_MANIFEST = "module_explanation_manifest.json"
PART_OF_EXPLANATION = "module_explanation"
FIT, SNAPSHOT, BUNDLE, EXPLANATION, REPORT = "fit", "snapshot", "bundle", "explanation", "report"
REPORT_KINDS = ("benchmark", "runtime-memory", "calibration", "stability")
MAX_REPORT_BYTES = 64 * 2**20
EXPLANATION_TABLES = (
    "gene_driver_table",
    "transcript_polarity_table",
    "high_vs_low_table",
    "vae_drivers",
    "ig_attributions",
)
BUNDLE_TABLE_OF_KIND = {
    "transcript": "transcripts",
    "gene": "genes",
    "truth_module": "truth_modules",
    "truth_switch": "truth_switch",
    "truth_abundance": "truth_abundance",
    "truth_channel_role": "truth_channel_role",
}
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
    n_bytes, sha256 : as its manifest tells; None where it tells nothing.
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

    def named(self, name: str) -> list[Run]:
        """Return the runs of that name."""
        return [run for run in self.runs if run.name == name]


def tree(root: Path) -> Tree:
    """Return the runs at or below ``root``. Hidden directories and symbolic links to directories are not entered.

    Raises
    ------
    InputError
        ``root`` is no directory, or is itself a run that is not whole.
    """
    root = Path(os.path.abspath(root))  # noqa: PTH100 - links stay as they were named
    if not root.is_dir():
        raise InputError(str(root), ["there is no such directory. Name one that holds bundles or fits."])
    runs: list[Run] = []
    problems: list[Problem] = []
    for directory, below, names in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith("."))
        found = _found(root, Path(directory), below, sorted(names))
        runs += [entry for entry in found if isinstance(entry, Run)]
        problems += [entry for entry in found if isinstance(entry, Problem)]
        if any(not isinstance(entry, Run) or entry.kind != REPORT for entry in found):
            below.clear()
    if at_root := [problem.problem for problem in problems if problem.path == "."]:
        raise InputError(str(root), at_root)
    return Tree(root, tuple(_distinctly_named(root, runs)), tuple(sorted(problems)))


def joined(trees: Iterable[Tree]) -> Tree:
    """Return several trees as one below the directory they share; a run in two of them counts once."""
    given = list(trees)
    if len(given) == 1:
        return given[0]
    root = Path(os.path.commonpath([one.root for one in given]))
    runs: dict[str, Run] = {}
    problems: set[Problem] = set()
    for one in given:
        above = one.root.relative_to(root)
        for run in one.runs:
            moved = _below(above, run)
            runs.setdefault(moved.path, moved)
        problems |= {Problem(_path(above, problem.path), problem.problem) for problem in one.problems}
    return Tree(root, tuple(_distinctly_named(root, list(runs.values()))), tuple(sorted(problems)))


def _below(above: Path, run: Run) -> Run:
    files = tuple(replace(file, path=_path(above, file.path)) for file in run.files)
    return replace(run, name=run.directory, path=_path(above, run.path), files=files)


def _path(above: Path, path: str) -> str:
    return PurePosixPath(above, path).as_posix()


def _found(root: Path, directory: Path, below: list[str], names: list[str]) -> list[Run | Problem]:
    """Return what a directory is; a directory that is nothing gives nothing."""
    path = PurePosixPath(directory.relative_to(root)).as_posix()
    if unreadable := _name_problem(directory):
        return [Problem(path.encode(errors="backslashreplace").decode(), unreadable)]
    try:
        if EXPLANATION_MANIFEST in names:
            return [_explanation(directory, path, below)]
        if MANIFEST in names:
            return [_with_manifest(directory, path)]
    except InputError as error:
        return [Problem(path, " ".join(error.violations))]
    if any(sign in names for sign in _SIGNS_OF_A_RUN):
        return [Problem(path, f"no {MANIFEST}: a run that did not finish, or not one that isograph made.")]
    return list(_reports(directory, path, names))


def _name_problem(directory: Path) -> str:
    """Return why DuckDB cannot read what is in a directory of that name; nothing when it can."""
    text = str(directory)
    try:
        text.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8. Rename it."
    if "\\" in text and any(character in text for character in "*?["):
        return "DuckDB cannot read a path with a backslash and one of * ? [ in it. Rename it."
    return ""


def _with_manifest(directory: Path, path: str) -> Run:
    data = _read(directory / MANIFEST)
    manifest = _object(MANIFEST, data)
    kind = manifest.get("artifact")
    if kind in (FIT, SNAPSHOT):
        return _fit(directory, path, str(kind), manifest)
    if "dataset_name" in manifest:
        return _bundle(directory, path, data)
    raise InputError(MANIFEST, [f"{MANIFEST} is neither a bundle's nor a fit's."])


def _fit(directory: Path, path: str, kind: str, manifest: Mapping[str, object]) -> Run:
    listed = manifest.get("files")
    entries = listed if isinstance(listed, dict) else {}
    files = []
    for name, facts in sorted(entries.items()):
        known = facts if isinstance(facts, dict) else {}
        table = known.get("table") or _JSON_TABLES.get(name)
        if kind == SNAPSHOT and name == "fit_config.json":
            continue
        if isinstance(table, str) and "/" not in name:
            files.append(_listed(table, f"{path}/{name}", known))
    config = _object("fit_config.json", _read(directory / "fit_config.json")) if "fit_config.json" in entries else {}
    bundle = config.get("bundle")
    facts = {
        "dataset": bundle.get("dataset_name") if isinstance(bundle, dict) else None,
        "backend": config.get("backend"),
        "seed": config.get("seed"),
        "isograph_version": manifest.get("isograph_version"),
    }
    return Run(kind, directory.name, directory.name, path, tuple(files), facts)


def _bundle(directory: Path, path: str, data: bytes) -> Run:
    manifest = parse_manifest(data)
    if manifest.sample_table is None:
        raise InputError(MANIFEST, [finding.message for finding in manifest.findings])
    digests = {name: manifest.provenance.get(f"{DIGEST_KEY}{name}") for name in _bundle_filenames(manifest)}
    files = [File("samples", _path(Path(path), manifest.sample_table), sha256=digests.get(manifest.sample_table))]
    files += [
        File(BUNDLE_TABLE_OF_KIND[entry.kind], _path(Path(path), entry.filename), sha256=digests.get(entry.filename))
        for entry in manifest.feature_tables
        if entry.kind in BUNDLE_TABLE_OF_KIND
    ]
    files += [
        File(entry.assay_name, _path(Path(path), entry.filename), sha256=digests.get(entry.filename))
        for entry in manifest.matrices
        if entry.assay_name in ("transcript_counts", "gene_counts")
    ]
    return Run(BUNDLE, directory.name, directory.name, path, tuple(files), {"dataset": manifest.dataset_name})


def _bundle_filenames(manifest: Manifest) -> Iterator[str]:
    if manifest.sample_table is not None:
        yield manifest.sample_table
    yield from (entry.filename for entry in manifest.feature_tables)
    yield from (entry.filename for entry in manifest.matrices)


def _explanation(directory: Path, path: str, below: Iterable[str]) -> Run:
    manifest = _object(EXPLANATION_MANIFEST, _read(directory / EXPLANATION_MANIFEST, MAX_REPORT_BYTES))
    if manifest.get("artifact") == PART_OF_EXPLANATION:
        raise InputError(path, ["one module of an explanation that did not finish, or that was not named as a whole."])
    listed = manifest.get("files")
    entries = listed if isinstance(listed, dict) else {}
    files = [File("config_json", _path(Path(path), EXPLANATION_MANIFEST))]
    for module in below:
        for table in EXPLANATION_TABLES:
            name = f"{module}/{table}.parquet"
            if (directory / name).is_file():
                known = entries.get(name)
                files.append(_listed(table, f"{path}/{name}", known if isinstance(known, dict) else {}, module))
    fit = manifest.get("fit")
    told = fit if isinstance(fit, dict) else {}
    facts = {
        "dataset": told.get("dataset_name"),
        "backend": told.get("backend"),
        "isograph_version": manifest.get("isograph_version"),
        "fit": _fit_name(manifest),
    }
    return Run(EXPLANATION, directory.name, directory.name, path, tuple(files), facts)


def _fit_name(manifest: Mapping[str, object]) -> str | None:
    """Return the directory name of the fit that was explained; None where the manifest does not say."""
    fit = manifest.get("fit")
    path = fit.get("path") if isinstance(fit, dict) else fit
    return PurePosixPath(path).name if isinstance(path, str) and path else None


def _reports(directory: Path, path: str, names: Iterable[str]) -> Iterator[Run | Problem]:
    for name in names:
        kind = next((kind for kind in REPORT_KINDS if name.endswith(f"-{kind}.json")), None)
        if kind is None:
            continue
        place = name if path == "." else f"{path}/{name}"
        try:
            report = _object(name, _read(directory / name, MAX_REPORT_BYTES))
        except InputError as error:
            yield Problem(place, " ".join(error.violations))
            continue
        if isinstance(report.get("results"), list) and isinstance(report.get("stage"), str):
            facts = {key: report.get(key) for key in ("backend", "seed", "isograph_version")}
            stage = str(report["stage"])
            yield Run(REPORT, stage, stage, place, (File(f"report_json/{kind}", place),), facts)


def _listed(table: str, path: str, known: Mapping[str, object], module_id: str | None = None) -> File:
    n_bytes, sha256 = known.get("bytes"), known.get("sha256")
    return File(
        table,
        PurePosixPath(path).as_posix(),
        module_id,
        n_bytes if isinstance(n_bytes, int) else None,
        sha256 if isinstance(sha256, str) else None,
    )


def _read(file: Path, max_bytes: int = MAX_MANIFEST_BYTES) -> bytes:
    try:
        if file.stat().st_size > max_bytes:
            raise InputError(file.name, [f"{file.name} is over {max_bytes:,} bytes."])
        return file.read_bytes()
    except OSError as error:
        raise InputError(file.name, [f"{file.name} cannot be read: {error.strerror}."]) from error


def _object(name: str, data: bytes) -> dict[str, object]:
    try:
        content = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InputError(name, [f"{name} is not JSON: {error}."]) from error
    if not isinstance(content, dict):
        raise InputError(name, [f"{name} holds no object."])
    return content


def _distinctly_named(root: Path, runs: list[Run]) -> list[Run]:
    """Return the runs under names that tell those of one kind apart, by as little of their paths as does it."""
    groups = {FIT: "fit", SNAPSHOT: "fit"}
    names: dict[int, str] = {}
    for group in dict.fromkeys(groups.get(run.kind, run.kind) for run in runs):
        members = [number for number, run in enumerate(runs) if groups.get(run.kind, run.kind) == group]
        names |= _names(root, {number: runs[number] for number in members})
    return [replace(run, name=names[number]) for number, run in enumerate(runs)]


def _names(root: Path, runs: Mapping[int, Run]) -> dict[int, str]:
    if any(run.kind == REPORT for run in runs.values()):
        parts = {n: (*PurePosixPath(run.path).parent.parts, run.name) for n, run in runs.items()}
        keys = {n: f"{run.name}\n{run.files[0].table}" for n, run in runs.items()}
    else:
        parts = {n: PurePosixPath(run.path).parts or (root.name,) for n, run in runs.items()}
        keys = {}
    named = {n: part[-1] for n, part in parts.items()}
    depth = 1
    while depth < max((len(part) for part in parts.values()), default=0):
        seen = Counter(keys.get(n, "") + name for n, name in named.items())
        repeated = [n for n, name in named.items() if seen[keys.get(n, "") + name] > 1]
        if not repeated:
            break
        depth += 1
        named |= {n: "/".join(parts[n][-depth:]) for n in repeated}
    return named
