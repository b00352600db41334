from pathlib import Path

import pytest

from isograph.config import ImportConfig
from isograph.errors import InputError, UsageError
from isograph.ingest.read import detected_format, read_quantification

FIXTURE = Path(__file__).resolve().parents[3] / "fixtures" / "quantifications"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("salmon", "salmon"),
        ("salmon_gz", "salmon"),
        ("nfcore", "nf-core"),
        ("nfcore/star_salmon", "nf-core"),
        ("samples.csv", "matrix"),
    ],
)
def test_detected_format__fixtures(path, expected):
    assert detected_format(FIXTURE / path) == expected


def test_detected_format__merged_tables_win_over_salmon_directories(tmp_path):
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "quant.sf").touch()
    assert detected_format(tmp_path) == "salmon"
    (tmp_path / "salmon.merged.transcript_counts.tsv").touch()
    assert detected_format(tmp_path) == "nf-core"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("salmon/control_1", "is one sample. Name the directory above it"),
        ("salmon/control_1/quant.sf", "is one sample. Name the directory that holds all"),
    ],
)
def test_detected_format__one_sample(path, message):
    with pytest.raises(UsageError, match=message):
        detected_format(FIXTURE / path)


def test_detected_format__bundle(tmp_path):
    (tmp_path / "manifest.json").touch()
    with pytest.raises(UsageError, match="is a bundle already"):
        detected_format(tmp_path)


def test_detected_format__one_level_too_high():
    with pytest.raises(InputError, match=r"the Salmon directories are one level down: name .*salmon"):
        detected_format(FIXTURE)


@pytest.mark.parametrize(("name", "tool"), [("abundance.tsv", "kallisto"), ("x.isoforms.results", "RSEM")])
def test_detected_format__tools_that_are_not_read(tmp_path, name, tool):
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / name).touch()
    with pytest.raises(InputError, match=f"{tool} output is not read directly"):
        detected_format(tmp_path)


def test_detected_format__nothing_known(tmp_path):
    with pytest.raises(InputError, match="nothing here is known"):
        detected_format(tmp_path)
    with pytest.raises(InputError, match="no such file or directory"):
        detected_format(tmp_path / "absent")


def test_read_quantification__format_that_does_not_fit():
    with pytest.raises(UsageError, match="format matrix is a file, and this is not"):
        read_quantification(FIXTURE / "salmon", ImportConfig(format="matrix"))
    with pytest.raises(UsageError, match="gene_column, scale='log' is for a matrix, and this is salmon output"):
        read_quantification(FIXTURE / "salmon", ImportConfig(gene_column="x", scale="log"))
