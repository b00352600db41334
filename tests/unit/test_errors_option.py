from __future__ import annotations

import pytest

from isograph.errors import option, speaking_flags


@pytest.mark.parametrize(
    ("arguments", "keywords", "python", "flag"),
    [
        (("min_cpm",), {}, "min_cpm", "--min-cpm"),
        (("min_cpm", 2), {}, "min_cpm=2", "--min-cpm 2"),
        (("overwrite",), {"value": True}, "overwrite=True", "--overwrite"),
        (("covariates", "rin"), {"flag": "--covariate"}, "covariates='rin'", "--covariate rin"),
        (("sample_column", "Sample ID"), {}, "sample_column='Sample ID'", "--sample-column 'Sample ID'"),
    ],
)
def test_option__speaks_python_or_the_shell(arguments, keywords, python, flag):
    assert option(*arguments, **keywords) == python
    with speaking_flags():
        assert option(*arguments, **keywords) == flag
    assert option(*arguments, **keywords) == python
