from __future__ import annotations

import io
import json
import struct
import zipfile

import numpy as np
import pytest

from isograph.bundle.matrix import matrix_header, matrix_values
from isograph.errors import InputError

MATRIX = np.arange(6.0).reshape(2, 3)
ADVICE = "Save it with numpy.savez_compressed(file, data=matrix)."


def npz(*members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", compression) as zipped:
        for name, data in members:
            zipped.writestr(name, data)
    return archive.getvalue()


def npy(array: np.ndarray, *, allow_pickle: bool = False) -> bytes:
    data = io.BytesIO()
    np.lib.format.write_array(data, array, allow_pickle=allow_pickle)
    return data.getvalue()


def violations(data: bytes) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        matrix_values(data, matrix_header(data))
    return caught.value.violations


def header_only(shape: str, descr: str = "'<f8'", order: str = "False") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize("dtype", ["<f8", "<f4", "<i8", "<i4", "<u4"])
def test_matrix_values__reads_numbers_as_float64(dtype):
    data = npz(("data.npy", npy(MATRIX.astype(dtype))))
    matrix = matrix_values(data, matrix_header(data))
    assert matrix.dtype == np.float64
    assert matrix.flags.c_contiguous
    assert matrix.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_matrix_values__reads_columns_first_files(compression):
    data = npz(("data.npy", npy(np.asfortranarray(MATRIX))), compression=compression)
    header = matrix_header(data)
    assert header.fortran_order
    assert header.shape == (2, 3)
    matrix = matrix_values(data, header)
    assert matrix.flags.c_contiguous
    assert matrix.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]


def test_matrix_values__keeps_every_bit():
    special = np.array([[0.0, -0.0, 5e-324], [1e300, np.nan, np.inf]])
    data = npz(("data.npy", npy(special)))
    matrix = matrix_values(data, matrix_header(data))
    assert matrix.view(np.uint64).tolist() == special.view(np.uint64).tolist()


def test_matrix_values__reads_more_than_one_chunk():
    large = np.random.default_rng(0).normal(size=(300, 1000))
    data = npz(("data.npy", npy(large)))
    assert np.array_equal(matrix_values(data, matrix_header(data)), large)


@pytest.mark.parametrize(
    ("data", "violation"),
    [
        (b"", "the file is empty."),
        (b"no archive at all", "is not an npz file, or is truncated: File is not a zip file."),
        (npy(MATRIX), f"is an .npy file, expected .npz. {ADVICE}"),
        (npz(), f"holds 0 arrays (), expected exactly 'data.npy'. {ADVICE}"),
        (npz(("counts.npy", npy(MATRIX))), f"holds 1 arrays ('counts.npy'), expected exactly 'data.npy'. {ADVICE}"),
        (npz(("data", npy(MATRIX))), f"holds 1 arrays ('data'), expected exactly 'data.npy'. {ADVICE}"),
        (
            npz(("data.npy", npy(MATRIX)), ("more.npy", npy(MATRIX))),
            f"holds 2 arrays ('data.npy', 'more.npy'), expected exactly 'data.npy'. {ADVICE}",
        ),
        (
            npz(("data.npy", npy(MATRIX)), compression=zipfile.ZIP_BZIP2),
            "is encrypted or packed by a method other than deflate.",
        ),
        (
            npz(("data.npy", npy(np.array([["a"]], dtype=object), allow_pickle=True))),
            "holds Python objects, expected float64 or float32 (or 32- or 64-bit counts).",
        ),
        (
            npz(("data.npy", npy(MATRIX.astype(">f8")))),
            "holds >f8, expected float64 or float32 (or 32- or 64-bit counts).",
        ),
        (
            npz(("data.npy", npy(MATRIX + 0j))),
            "holds complex128, expected float64 or float32 (or 32- or 64-bit counts).",
        ),
        (npz(("data.npy", npy(MATRIX > 2))), "holds bool, expected float64 or float32 (or 32- or 64-bit counts)."),
        (
            npz(("data.npy", npy(np.array([["a"]])))),
            "holds <U1, expected float64 or float32 (or 32- or 64-bit counts).",
        ),
        (
            npz(("data.npy", npy(np.zeros((2, 2), "f8,i4")))),
            "holds [('f0', '<f8'), ('f1', '<i4')], expected float64 or float32 (or 32- or 64-bit counts).",
        ),
        (npz(("data.npy", npy(MATRIX[0]))), "has shape (3,), expected two dimensions: features × samples."),
        (npz(("data.npy", npy(MATRIX[None]))), "has shape (1, 2, 3), expected two dimensions: features × samples."),
        (npz(("data.npy", header_only("(-1, 3)"))), "has shape (-1, 3), expected two dimensions: features × samples."),
        (npz(("data.npy", npy(MATRIX) + b"trailing")), "is 184 bytes unpacked, but its header announces 176."),
        (npz(("data.npy", npy(MATRIX)[:-8])), "is 168 bytes unpacked, but its header announces 176."),
        (
            npz(("data.npy", header_only("(1000000, 1000000)"))),
            "is 80 bytes unpacked, but its header announces 8,000,000,000,080.",
        ),
    ],
)
def test_matrix_header__refuses(data, violation):
    assert violations(data) == (violation,)


@pytest.mark.parametrize(
    "member",
    [
        b"",
        b"hello",
        b"\x93NUMPY\x09\x09" + npy(MATRIX)[8:],
        b"\x93NUMPY\x01\x00\xff\xff",
        header_only("(2, 3)", descr="'no such type'"),
        header_only("__import__('os')"),
        header_only("'2'"),
        header_only("(" * 3000),
    ],
)
def test_matrix_header__refuses_an_unreadable_header(member):
    (violation,) = violations(npz(("data.npy", member)))
    assert violation.startswith("has no readable npy header: ")


def test_matrix_header__refuses_a_repeated_member():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("data.npy", npy(MATRIX))
        with pytest.warns(UserWarning, match="Duplicate name"):
            zipped.writestr("data.npy", npy(MATRIX))
    assert violations(archive.getvalue()) == (
        f"holds 2 arrays ('data.npy', 'data.npy'), expected exactly 'data.npy'. {ADVICE}",
    )


def test_matrix_header__refuses_a_bomb_before_unpacking_it():
    data = npz(("data.npy", npy(np.zeros((9000, 1000)))))
    (violation,) = violations(data)
    assert violation.endswith(
        "would unpack to 72,000,128, over 200 times as many. "
        "Such a file is taken for an attack; save it uncompressed (numpy.savez) if it is real."
    )


def test_matrix_header__accepts_a_small_matrix_that_packs_well():
    data = npz(("data.npy", npy(np.zeros((1000, 1000)))))
    assert matrix_header(data).shape == (1000, 1000)


@pytest.mark.parametrize("kept", [10, 100, 0.5, -1, -30])
def test_matrix_header__refuses_a_truncated_file(kept):
    data = npz(("data.npy", npy(np.random.default_rng(0).random((20, 20)))))
    cut = data[: int(len(data) * kept) if isinstance(kept, float) else kept]
    assert violations(cut) == ("is not an npz file, or is truncated: File is not a zip file.",)


def test_matrix_values__never_returns_other_numbers_from_a_changed_byte():
    values = np.random.default_rng(0).random((5, 4))
    data = npz(("data.npy", npy(values)))
    start = data.index(b"data.npy") + len(b"data.npy")
    n_unnoticed = 0
    for position in range(start, data.rindex(b"PK\x01\x02")):
        damaged = bytearray(data)
        damaged[position] ^= 0x55
        try:
            matrix = matrix_values(bytes(damaged), matrix_header(bytes(damaged)))
        except InputError:
            continue
        # NOTE: a packed stream has a few bits that mean nothing.
        n_unnoticed += 1
        assert np.array_equal(matrix, values)
    assert n_unnoticed <= 2


def test_matrix_values__refuses_a_lying_size():
    data = bytearray(npz(("data.npy", npy(MATRIX)), compression=zipfile.ZIP_STORED))
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", 2**31)
    assert violations(bytes(data)) != ()


@pytest.mark.parametrize(
    ("assay", "value", "error"),
    [
        ("transcript_counts", np.nan, "NaN: 'G0000_T2@S003'. Counts are never missing; write 0 or leave the row out."),
        ("transcript_counts", np.inf, "infinite: 'G0000_T2@S003'. Counts are finite."),
        (
            "transcript_counts",
            -0.5,
            "negative: 'G0000_T2@S003'. Counts are 0 or more; values on a log scale belong to the assay gene_log.",
        ),
        ("gene_counts", -np.inf, "infinite: 'G0001@S003'. Counts are finite."),
        ("psi", np.inf, "infinite: 'PSI_G0001@S003'. Write a missing value as NaN."),
        ("psi", 1.5, "outside 0 to 1: 'PSI_G0001@S003'. psi is a proportion."),
        ("psi", -0.1, "outside 0 to 1: 'PSI_G0001@S003'. psi is a proportion."),
    ],
)
def test_values__that_an_assay_may_not_hold(toy, assay, value, error):
    matrix = toy.matrix(assay)
    matrix[1, 3] = value
    toy.write_matrix(assay, matrix)
    assert toy.errors() == [f"{assay}.npz: 1 of {matrix.size} values is {error}"]


def test_values__are_counted_and_the_first_five_named(toy):
    matrix = toy.matrix("gene_counts")
    matrix[2:4, :4] = np.nan
    toy.write_matrix("gene_counts", matrix)
    assert toy.errors() == [
        (
            "gene_counts.npz: 8 of 1152 values are NaN: 'G0002@S000', 'G0002@S001', 'G0002@S002', 'G0002@S003', "
            "'G0003@S000', …. Counts are never missing; write 0 or leave the row out."
        )
    ]


def test_values__of_every_kind_are_reported_together(toy):
    matrix = toy.matrix("gene_counts")
    matrix[0, :3] = np.nan, -np.inf, -1
    toy.write_matrix("gene_counts", matrix)
    assert [error.split(": ")[1] for error in toy.errors()] == [
        "1 of 1152 values is NaN",
        "1 of 1152 values is infinite",
        "1 of 1152 values is negative",
    ]


def test_values__missing_ones_are_allowed_in_psi_and_gene_log(toy):
    psi = toy.matrix("psi")
    psi[0] = np.nan
    toy.write_matrix("psi", psi)
    log = np.log2(toy.matrix("gene_counts")) - 5
    log[3, 4] = np.nan
    log[0, 0] = -3
    toy.add_matrix("gene_log", log)
    assert toy.errors() + toy.warnings() == []


def test_values__infinite_ones_are_refused_in_gene_log(toy):
    log = np.zeros((24, 48))
    log[0, 1] = -np.inf
    log[:, 7] = np.nan
    toy.add_matrix("gene_log", log)
    assert toy.errors() == ["gene_log.npz: 1 of 1152 values is infinite: 'G0000@S001'. Write a missing value as NaN."]
    assert toy.warnings() == ["gene_log.npz: 1 sample ('S007') without a single value in gene_log."]


@pytest.mark.parametrize("assay", ["transcript_counts", "gene_counts"])
def test_values__a_sample_without_counts_is_refused(toy, assay):
    matrix = toy.matrix(assay)
    matrix[:, [2, 9]] = 0
    toy.write_matrix(assay, matrix)
    assert toy.errors() == [
        (
            f"{assay}.npz: 2 samples ('S002', 'S009') without a single count in {assay}. "
            "Leave them out: they have no library size."
        )
    ]


def test_values__may_be_so_large_that_their_sum_is_not_finite(toy):
    toy.write_matrix("gene_counts", np.full((24, 48), 1e308))
    assert toy.errors() == []


@pytest.mark.parametrize("dtype", ["f4", "i4", "i8", "u4"])
def test_values__may_be_stored_in_other_types(toy, dtype):
    toy.write_matrix("transcript_counts", toy.matrix("transcript_counts").astype(dtype))
    assert toy.errors() == []


def test_values__are_named_by_number_where_ids_are_missing(toy):
    matrix = toy.matrix("transcript_counts")
    matrix[4, 6] = -1
    toy.write_matrix("transcript_counts", matrix)
    (toy.path / "samples.parquet").write_bytes(b"")
    toy.write_table("transcripts.parquet", toy.table("transcripts.parquet").drop("transcript_id"))
    assert toy.errors()[-1].startswith("transcript_counts.npz: 1 of 2304 values is negative: 'row 5@column 7'.")


def test_shape__transposed_is_said(toy):
    toy.write_matrix("gene_counts", toy.matrix("gene_counts").T)
    assert toy.errors() == [
        (
            "gene_counts.npz: gene_counts has shape (48, 24), expected (24, 48): genes.parquet has 24 rows and "
            "samples.parquet has 48 rows. It is transposed: rows are features and columns are samples, so write "
            "matrix.T."
        )
    ]


def test_shape__transposed_together_with_its_manifest_is_said(toy):
    manifest = toy.manifest()
    manifest["matrices"][0] |= {"n_features": 48, "n_samples": 24}
    toy.write_manifest(manifest)
    toy.write_matrix("gene_counts", toy.matrix("gene_counts").T)
    assert toy.errors() == [
        (
            "manifest.json: gene_counts: n_features, n_samples are (48, 24), but genes.parquet has 24 rows and "
            "samples.parquet has 48 rows."
        ),
        (
            "gene_counts.npz: gene_counts has shape (48, 24), expected (24, 48): genes.parquet has 24 rows and "
            "samples.parquet has 48 rows. It is transposed: rows are features and columns are samples, so write "
            "matrix.T."
        ),
    ]


def test_shape__samples_without_counts_are_said(toy):
    toy.write_matrix("psi", toy.matrix("psi")[:, :40])
    assert toy.errors() == [
        (
            "psi.npz: psi has shape (24, 40), expected (24, 48): psi.parquet has 24 rows and samples.parquet has 48 "
            "rows. "
            "Every feature needs a row and every sample a column."
        )
    ]


def test_shape__counts_without_samples_are_said_for_every_matrix(toy):
    toy.write_table("samples.parquet", toy.table("samples.parquet").head(40))
    assert [error.split(",")[0] for error in toy.errors()] == [
        "manifest.json: gene_counts: n_features",
        "gene_counts.npz: gene_counts has shape (24",
        "manifest.json: transcript_counts: n_features",
        "transcript_counts.npz: transcript_counts has shape (48",
        "manifest.json: psi: n_features",
        "psi.npz: psi has shape (24",
    ]


def test_shape__is_compared_with_the_manifest_where_a_table_is_unreadable(toy):
    (toy.path / "genes.parquet").write_bytes(b"")
    toy.write_matrix("gene_counts", np.ones((23, 48)))
    assert toy.errors() == [
        "genes.parquet: the file is empty.",
        (
            "gene_counts.npz: gene_counts has shape (23, 48), expected (24, 48): that is what the manifest says. "
            "Every feature needs a row and every sample a column."
        ),
    ]


def test_shape__of_nothing_is_refused(toy):
    toy.write_table("genes.parquet", toy.table("genes.parquet").clear())
    toy.drop("transcript", "transcript_counts", "psi", "truth_module", "truth_switch")
    manifest = toy.manifest()
    manifest["feature_tables"][0]["n_rows"] = manifest["matrices"][0]["n_features"] = 0
    toy.write_manifest(manifest)
    toy.write_matrix("gene_counts", np.zeros((0, 48)))
    assert toy.errors() == ["gene_counts.npz: gene_counts is empty: shape (0, 48)."]


def test_header__is_checked_before_values_are_unpacked(toy):
    np.savez(toy.path / "psi.npz", data=np.array([[{}]], dtype=object))
    assert toy.errors() == ["psi.npz: holds Python objects, expected float64 or float32 (or 32- or 64-bit counts)."]


def test_encoding__is_dense_npz(toy):
    manifest = toy.manifest()
    manifest["matrices"][2]["encoding"] = "sparse\x07"
    toy.write_manifest(manifest)
    assert toy.errors() == ["manifest.json: psi: encoding is 'sparse\\x07', expected 'dense_npz'."]


@pytest.mark.parametrize(
    ("dropped", "errors"),
    [
        (
            ["transcript_counts", "gene_counts"],
            [
                (
                    "manifest.json: none of transcript_counts, gene_counts, gene_log among the matrices; the assays "
                    "are 'psi'. "
                    "A bundle needs one of them."
                )
            ],
        ),
        (
            ["transcript_counts", "gene_counts", "psi"],
            [
                (
                    "manifest.json: none of transcript_counts, gene_counts, gene_log among the matrices; there is no "
                    "matrix. "
                    "A bundle needs one of them."
                )
            ],
        ),
        (
            ["transcript"],
            [
                (
                    "manifest.json: transcript_counts has no 'transcript' table to name its rows. Add one with a row "
                    "per matrix "
                    "row."
                )
            ],
        ),
        (
            ["gene"],
            ["manifest.json: gene_counts has no 'gene' table to name its rows. Add one with a row per matrix row."],
        ),
    ],
)
def test_presence__of_assays_and_their_tables(toy, dropped, errors):
    toy.drop(*dropped)
    assert toy.errors() == errors


def test_presence__is_not_judged_by_a_manifest_with_errors(toy):
    toy.drop("transcript_counts", "gene_counts")
    path = toy.path / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"more": 1}))
    assert len(toy.errors()) == 1
