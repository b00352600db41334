from __future__ import annotations

import io
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
