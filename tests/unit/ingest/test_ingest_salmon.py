import shutil
from pathlib import Path

import numpy as np
import pytest

from isograph.errors import InputError
from isograph.ingest.salmon import read_salmon

SALMON = Path(__file__).resolve().parents[3] / "fixtures" / "quantifications"
HEADER = "Name\tLength\tEffectiveLength\tTPM\tNumReads\n"


def sample(directory, name, rows, header=HEADER):
    folder = directory / name
    folder.mkdir()
    (folder / "quant.sf").write_text(header + "".join(f"{tx}\t9\t9\t1\t{reads}\n" for tx, reads in rows))


def test_read_salmon__counts_are_numreads():
    quantified = read_salmon(SALMON / "salmon")
    assert quantified.sample_names == ("control_1", "control_2", "treated_1", "treated_2")
    assert quantified.feature_ids.to_list()[0] == "ENST00000000001.2"
    assert quantified.values[0].tolist() == [140.16, 0.0, 88.95, 147.941]
    assert quantified.sample_facts["treated_2"] == {"percent_mapped": 83.0, "salmon_version": "1.10.0"}
    assert quantified.files[0] == "control_1/quant.sf"


def test_read_salmon__gzip_with_barred_names_is_the_same():
    plain, barred = read_salmon(SALMON / "salmon"), read_salmon(SALMON / "salmon_gz")
    assert barred.feature_ids.to_list() == plain.feature_ids.to_list()
    np.testing.assert_array_equal(barred.values, plain.values)
    assert barred.notes == ("transcript names cut at their first '|': 8",)


def test_read_salmon__other_order_is_aligned(tmp_path):
    sample(tmp_path, "A", [("t1", 1), ("t2", 2), ("t3", 3)])
    sample(tmp_path, "B", [("t3", 30), ("t1", 10), ("t2", 20)])
    assert read_salmon(tmp_path).values.tolist() == [[1, 10], [2, 20], [3, 30]]


def test_read_salmon__comment_header_of_old_versions(tmp_path):
    sample(tmp_path, "A", [("t1", 7)], header="# salmon (smem-based) v0.5\n# Name\tLength\tEff\tTPM\tNumReads\n")
    assert read_salmon(tmp_path).values.tolist() == [[7.0]]


def test_read_salmon__every_damaged_sample_is_listed(tmp_path):
    sample(tmp_path, "A", [("t1", 1), ("t2", 2)])
    sample(tmp_path, "B", [("t1", 1), ("t9", 2)])
    sample(tmp_path, "C", [("t1", 1)], header="Name\tLength\tEffectiveLength\tTPM\tReads\n")
    sample(tmp_path, "D", [])
    with pytest.raises(InputError) as caught:
        read_salmon(tmp_path)
    assert caught.value.violations == (
        (
            "B/quant.sf: 2 transcripts where sample 'A' has 2: 1 are missing ('t2'), 1 are new ('t9'). "
            "Quantify every sample against the same index."
        ),
        (
            "C/quant.sf: no column 'NumReads'; found 'Name', 'Length', 'EffectiveLength', 'TPM', 'Reads'. "
            "Salmon writes Name, Length, EffectiveLength, TPM and NumReads."
        ),
        "D/quant.sf: has a header and nothing below it",
    )


@pytest.mark.parametrize("text", ["{", "[]"])
def test_read_salmon__damaged_meta_info_is_no_obstacle(tmp_path, text):
    shutil.copytree(SALMON / "salmon", tmp_path / "salmon")
    (tmp_path / "salmon" / "control_1" / "aux_info" / "meta_info.json").write_text(text)
    facts = read_salmon(tmp_path / "salmon").sample_facts
    assert list(facts) == ["control_2", "treated_1", "treated_2"]
