import gzip
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from isograph.bundle.read import read_bundle
from isograph.errors import InputError
from isograph.ingest.inferential import inferential_relative_variance
from isograph.pipeline.import_ import import_quantifications

QUANTIFICATIONS = Path(__file__).resolve().parents[3] / "fixtures" / "quantifications"


def write_replicates(directory, names, replicates):
    folder = directory / "aux_info" / "bootstrap"
    folder.mkdir(parents=True)
    (folder / "names.tsv.gz").write_bytes(gzip.compress("\t".join(names).encode() + b"\n"))
    (folder / "bootstraps.gz").write_bytes(gzip.compress(np.asarray(replicates, dtype="<f8").tobytes()))
    return directory


def by_definition(replicates):
    """Return InfRV as it is written: replicates (n_replicates, n_transcripts)."""
    mean = np.mean(replicates, axis=0)
    return np.maximum(np.var(replicates, axis=0, ddof=1) - mean, 0) / (mean + 5) + 0.01


def test_inferential_relative_variance__mean_over_samples_by_definition(tmp_path):
    rng = np.random.default_rng(0)
    first = rng.gamma(2, 300, (20, 4)) * [1, 10, 0, 1]
    second = rng.poisson(50, (12, 4)).astype(float)
    samples = {
        "A": write_replicates(tmp_path / "A", ["t1", "t2|g", "t3", "t4"], first),
        "B": write_replicates(tmp_path / "B", ["t4", "t3", "t2|g", "t1"], second),
        "C": tmp_path / "C",
    }
    inf_rv, (note,) = inferential_relative_variance(samples, pl.Series(["t2", "t1", "t9", "t3"]))
    a, b = by_definition(first), by_definition(second)
    expected = [(a[1] + b[2]) / 2, (a[0] + b[3]) / 2, None, (a[2] + b[1]) / 2]
    assert inf_rv.to_list() == [pytest.approx(value) if value is not None else None for value in expected]
    assert note.startswith("inferential replicates: 12 to 20 in 2 of 3 samples; ")


def test_inferential_relative_variance__poisson_replicates_have_next_to_none(tmp_path):
    replicates = np.random.default_rng(1).poisson(100, (400, 3)).astype(float)
    samples = {"A": write_replicates(tmp_path / "A", ["t1", "t2", "t3"], replicates)}
    inf_rv, _ = inferential_relative_variance(samples, pl.Series(["t1", "t2", "t3"]))
    assert inf_rv.max() < 0.2
    assert inf_rv.min() >= 0.01


def test_inferential_relative_variance__none_without_two_replicates(tmp_path):
    samples = {"A": write_replicates(tmp_path / "A", ["t1"], [[3.0]]), "B": tmp_path}
    assert inferential_relative_variance(samples, pl.Series(["t1"])) == (None, ())


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: gzip.compress(gzip.decompress(data)[:-8]), "the last replicate has 1 of 2 transcripts"),
        (lambda data: data[:-9], "Compressed file ended before the end-of-stream marker was reached"),
        (lambda _: gzip.compress(np.full(4, -1.0).tobytes()), "a count is negative, infinite or not a number"),
    ],
)
def test_inferential_relative_variance__says_what_is_damaged(tmp_path, damage, reason):
    sample = write_replicates(tmp_path / "A", ["t1", "t2"], np.arange(20.0).reshape(10, 2))
    file = sample / "aux_info" / "bootstrap" / "bootstraps.gz"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(InputError) as raised:
        inferential_relative_variance({"A": sample}, pl.Series(["t1", "t2"]))
    assert str(raised.value) == (
        f"A/aux_info/bootstrap: inferential replicates are damaged ({reason}). Copy them again, or remove "
        "aux_info/bootstrap."
    )


def test_import__keeps_the_inferential_variance_of_salmon(tmp_path):
    quants = tmp_path / "salmon"
    shutil.copytree(QUANTIFICATIONS / "salmon", quants)
    names = pl.read_csv(quants / "control_1" / "quant.sf", separator="\t").get_column("Name").to_list()
    for sample in quants.iterdir():
        write_replicates(sample, names, np.outer([90.0, 110.0], np.arange(1, len(names) + 1)))
    opened = import_quantifications(
        quants, tmp_path / "out", gtf=QUANTIFICATIONS / "annotation.gtf.gz", min_tx_count=0, min_usage=0, min_cpm=0
    )
    transcripts = read_bundle(tmp_path / "out").transcripts
    assert transcripts.columns[-1] == "inf_rv"
    i = np.arange(1, len(names) + 1)
    np.testing.assert_allclose(transcripts.get_column("inf_rv"), (200 * i**2 - 100 * i) / (100 * i + 5) + 0.01)
    assert any(note.startswith("inferential replicates: 2 in 4 of 4 samples") for note in opened.report["notes"])
