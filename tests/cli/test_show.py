from __future__ import annotations

import shutil

import pytest


def test_show__summarises_a_fit_on_stdout(isograph, earlier_fit):
    ended = isograph("show", earlier_fit)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "toy_multiplex_v1: 2 modules of 20 to 20 genes; 40 of 40 genes in a module, 380 edges.",
        "",
        "Largest modules (2 of 2)",
        "  module  genes  hub gene  kME    variance  roles",
        "  M000    20     G0001     +0.98  77%       5 coupled, 4 switch_only, 5 abundance_only, 6 discordant",
        "  M001    20     G0023     +0.99  81%       5 coupled, 2 switch_only, 5 abundance_only, 8 discordant",
        "",
        "Strongest trait associations (6 tests, 3 with q < 0.05)",
        "  module  trait               test     effect  p        q        n",
        "  M000    Age                 pearson  +0.58   5.5e-07  3.3e-06  64",
        "  M001    Dx: SCZD − Control  welch    +0.13   2.6e-05  7.9e-05  64",
        "  M000    Dx: SCZD − Control  welch    +0.11   1.5e-04  2.9e-04  64",
        "  M001    Age                 pearson  +0.12   3.3e-01  4.9e-01  64",
        "  M000    Sex: M − F          welch    +0.02   5.0e-01  6.0e-01  64",
        "",
        (
            "Caution: with 64 samples chance alone makes a channel active (|r| ≥ 0.2) in 11% of cases. "
            "By that rule (module_role) 31 genes switch with their module; 30 have evidence for it (supported_role, "
            "q ≤ 0.05), shown above."
        ),
    ]


def test_show__takes_the_fit_as_an_option(isograph, earlier_fit):
    assert isograph("show", "--artifact-dir", earlier_fit) == isograph("show", earlier_fit)


@pytest.mark.parametrize("flag", ["-q", "-v"])
def test_show__summary_is_the_same_however_much_is_logged(isograph, earlier_fit, flag):
    assert isograph("show", flag, earlier_fit) == isograph("show", earlier_fit)


def test_show__is_not_quiet_and_verbose(isograph, earlier_fit):
    ended = isograph("show", "-q", "-v", earlier_fit)
    assert (ended.code, ended.err) == (2, "error: --verbose and --quiet exclude each other; give one.\n")


def test_show__needs_a_fit(isograph):
    ended = isograph("show")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: FIT is missing: give it as an argument or with --artifact-dir.\n"


@pytest.mark.parametrize("name", ["nowhere", "toy_v1"])
def test_show__shows_fits_only(isograph, earlier_bundles, name):
    ended = isograph("show", earlier_bundles / name)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith(f"error: {earlier_bundles / name}: ")


def test_show__refuses_a_fit_that_was_changed(isograph, earlier_fit, tmp_path):
    changed = tmp_path / "fit"
    shutil.copytree(earlier_fit, changed)
    (changed / "modules.parquet").write_bytes(b"PAR1")
    (changed / "traits.parquet").unlink()
    ended = isograph("show", changed)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.splitlines() == [
        f"error: {changed}: 2 problems",
        "  1. 1 files missing: 'traits.parquet'. Make the artifact again.",
        "  2. 1 files changed since they were written: 'modules.parquet'. Make the artifact again.",
    ]
