from __future__ import annotations

import json

import pytest

from isograph.bundle.manifest import MatrixEntry, TableEntry, parse_manifest, read_bundle_manifest
from isograph.errors import InputError

TABLE = {"kind": "gene", "filename": "genes.parquet", "n_rows": 2}
MATRIX = {
    "assay_name": "gene_counts",
    "filename": "gene_counts.npz",
    "n_features": 2,
    "n_samples": 3,
    "encoding": "dense_npz",
}
MANIFEST = {
    "dataset_name": "toy",
    "suite_name": "core",
    "description": "",
    "sample_table": "samples.parquet",
    "feature_tables": [TABLE],
    "matrices": [MATRIX],
    "provenance": {"seed": "7"},
    "truth_tables": [],
}
KEYS = "dataset_name, suite_name, description, sample_table, feature_tables, matrices, provenance, truth_tables"
INSIDE = "A bundle names files inside its own directory."


def messages(manifest: object) -> list[str]:
    findings = parse_manifest(json.dumps(manifest).encode()).findings
    assert all(finding.where == "manifest.json" for finding in findings)
    return [finding.message for finding in findings]


def refusal(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        parse_manifest(data)
    (violation,) = caught.value.violations
    return violation


def test_parse_manifest__reads_every_field():
    manifest = parse_manifest(json.dumps(MANIFEST).encode())
    assert manifest.findings == ()
    assert manifest.whole
    assert manifest.dataset_name == "toy"
    assert manifest.suite_name == "core"
    assert manifest.sample_table == "samples.parquet"
    assert manifest.feature_tables == (TableEntry("gene", "genes.parquet", 2),)
    assert manifest.matrices == (MatrixEntry("gene_counts", "gene_counts.npz", 2, 3, "dense_npz"),)
    assert manifest.provenance == {"seed": "7"}
    assert manifest.truth_tables == ()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty."),
        (b" \n", "is empty."),
        (b"[]", "holds a list, expected an object."),
        (b"null", "holds null, expected an object."),
        (b"{", "is not valid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)."),
        (b'{"a": NaN}', "is not valid JSON: NaN is not a JSON value."),
        (b'{"a": -Infinity}', "is not valid JSON: -Infinity is not a JSON value."),
        (b'{"a": 1e999}', "is not valid JSON: Out of range float values are not JSON compliant: inf."),
        (b'{"a": 1, "a": 2}', "the same key stands twice in one object: 'a'. Keep one of them."),
        (b'{"a": {"b\\n": 1, "b\\n": 2}}', "the same key stands twice in one object: 'b\\n'. Keep one of them."),
        (b"[" * 200_000, "is nested too deeply."),
        (b" " * 2**20 + b"{}", "is 1,048,578 bytes, expected at most 1,048,576."),
    ],
)
def test_parse_manifest__refuses_what_is_no_object(data, message):
    # NOTE: the wording of Python's parser differs in its last words between versions.
    assert refusal(data).rstrip(".").removesuffix(": inf") == message.rstrip(".").removesuffix(": inf")


def test_parse_manifest__tells_a_fit_from_a_bundle():
    fit = json.dumps({"artifact": "fit", "schema_version": 1, "isograph_version": "1", "files": {}}).encode()
    assert refusal(fit) == "this directory is a fit, expected a bundle. Name the bundle it was made from."
    assert messages(MANIFEST | {"artifact": "fit"}) == [f"unknown key 'artifact'. The keys are {KEYS}."]


@pytest.mark.parametrize("data", [b'{"a": "\xff"}', b'{"a": "\\ud800"}', json.dumps(MANIFEST).encode("utf-16")])
def test_parse_manifest__refuses_text_that_is_not_unicode(data):
    assert refusal(data).startswith("is not valid UTF-8 text: ")


def test_parse_manifest__names_every_unknown_and_missing_key():
    unknown = {f"extra_{number}": 1 for number in range(7)}
    manifest = {key: value for key, value in MANIFEST.items() if key not in ("suite_name", "matrices")} | unknown
    named = ", ".join(f"'{key}'" for key in unknown)
    assert messages(manifest) == [
        "missing keys 'suite_name', 'matrices'. Add them.",
        f"unknown keys {named}. The keys are {KEYS}.",
    ]


@pytest.mark.parametrize("key", MANIFEST)
def test_parse_manifest__needs_every_key(key):
    manifest = {other: value for other, value in MANIFEST.items() if other != key}
    assert messages(manifest) == [f"missing key '{key}'. Add it."]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dataset_name": 7}, "dataset_name is a whole number, expected text."),
        ({"description": None}, "description is null, expected text."),
        ({"sample_table": ["a"]}, "sample_table is a list, expected text."),
        ({"feature_tables": {}}, "feature_tables is an object, expected a list."),
        ({"feature_tables": ["gene"]}, "feature_tables[0]: is text, expected an object."),
        ({"matrices": "x"}, "matrices is text, expected a list."),
        ({"provenance": []}, "provenance is a list, expected an object."),
        (
            {"provenance": {"seed": 7, "tool": "x"}},
            "provenance: the values of 'seed' are not text. Quote them.",
        ),
        ({"truth_tables": [1.5]}, "truth_tables[0]: is a number, expected text."),
        (
            {"feature_tables": [TABLE | {"n_rows": True}]},
            "feature_tables[0]: n_rows is true or false, expected a whole number.",
        ),
        ({"feature_tables": [TABLE | {"n_rows": -1}]}, "feature_tables[0]: n_rows is -1, expected 0 or more."),
        (
            {"matrices": [MATRIX | {"n_samples": 3.0}]},
            "matrices[0]: n_samples is a number, expected a whole number.",
        ),
        (
            {"matrices": [MATRIX | {"offset": 128}]},
            "matrices[0]: unknown key 'offset'. The keys are assay_name, filename, n_features, n_samples, encoding.",
        ),
        (
            {"feature_tables": [{"kind": "gene"}]},
            "feature_tables[0]: missing keys 'filename', 'n_rows'. Add them.",
        ),
        (
            {"feature_tables": [TABLE, TABLE]},
            "feature_tables: 'gene' listed more than once. Keep one of each kind.",
        ),
        (
            {"matrices": [MATRIX, MATRIX]},
            "matrices: 'gene_counts' listed more than once. Keep one of each assay_name.",
        ),
        (
            {"truth_tables": ["truth_modules.parquet"]},
            "truth_tables: 'truth_modules.parquet' not among the feature_tables, so not read.",
        ),
    ],
)
def test_parse_manifest__says_what_a_value_should_be(change, message):
    assert messages(MANIFEST | change) == [message]


@pytest.mark.parametrize("name", ["", " ", ".", "..", "../up", "a\\b", "a\x1b[2Jb", "a\nb"])
def test_parse_manifest__refuses_a_name_that_is_no_directory_name(name):
    (message,) = messages(MANIFEST | {"dataset_name": name})
    assert message.endswith("expected printable text without slashes: results are named by it.")
    assert message.isprintable()


@pytest.mark.parametrize(
    ("filename", "problem"),
    [
        ("", "a file name is empty."),
        ("/etc/passwd", f"'/etc/passwd' is an absolute path. {INSIDE}"),
        ("../x.parquet", f"'../x.parquet' leads out of the bundle. {INSIDE}"),
        ("a/../../x", f"'a/../../x' leads out of the bundle. {INSIDE}"),
        ("..", f"'..' leads out of the bundle. {INSIDE}"),
        ("http://a.b/x.parquet", f"'http://a.b/x.parquet' is an address. {INSIDE}"),
        ("s3://a/x", f"'s3://a/x' is an address. {INSIDE}"),
    ],
)
def test_parse_manifest__refuses_files_outside_the_bundle(filename, problem):
    manifest = MANIFEST | {
        "sample_table": filename,
        "feature_tables": [TABLE | {"filename": filename}],
        "matrices": [MATRIX | {"filename": filename}],
        "truth_tables": [filename],
    }
    assert sorted(messages(manifest)) == [
        f"feature_tables[0]: {problem}",
        f"matrices[0]: {problem}",
        f"sample_table: {problem}",
        f"truth_tables[0]: {problem}",
    ]


@pytest.mark.parametrize(
    "filename",
    [
        ".",
        "./x",
        "a//b",
        "a/",
        "b[1]",
        "st*r",
        "x?",
        "key=7/x",
        "a b",
        "a\\b",
        "C:x",
        "~",
        "a\0",
        "a\n",
        "ä",
        "a;b",
        "$x",
    ],
)
def test_parse_manifest__refuses_names_that_could_be_patterns(filename):
    (message,) = messages(MANIFEST | {"sample_table": filename})
    assert message.endswith("is not a plain file name: only letters A-Z a-z, digits, '.', '_' and '-' are allowed.")
    assert message.isprintable()


@pytest.mark.parametrize("filename", ["x", "a/b.parquet", "A-1_2.parquet", ".hidden", "..x", "a..b"])
def test_parse_manifest__accepts_plain_names(filename):
    assert messages(MANIFEST | {"sample_table": filename}) == []


def test_parse_manifest__keeps_what_is_well_formed_beside_what_is_not():
    change = {"feature_tables": [TABLE, {"kind": "transcript"}], "sample_table": "../up"}
    manifest = parse_manifest(json.dumps(MANIFEST | change).encode())
    assert len(manifest.findings) == 2
    assert not manifest.whole
    assert manifest.sample_table is None
    assert manifest.feature_tables == (TableEntry("gene", "genes.parquet", 2),)
    assert len(manifest.matrices) == 1


def test_read_bundle_manifest__reads_that_of_a_directory(toy):
    assert read_bundle_manifest(toy.path).dataset_name == "toy_v1"


@pytest.mark.parametrize(
    ("content", "violation"),
    [
        (None, "there is no such file in the bundle."),
        (b"[]", "holds a list, expected an object."),
        (b'{"artifact": "fit"}', "this directory is a fit, expected a bundle. Name the bundle it was made from."),
    ],
)
def test_read_bundle_manifest__names_the_file_it_refuses(tmp_path, content, violation):
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_bundle_manifest(tmp_path)
    assert str(caught.value) == f"{tmp_path / 'manifest.json'}: {violation}"
