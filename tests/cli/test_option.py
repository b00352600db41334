from __future__ import annotations

import re

import pytest

from isograph.cli.option import texts_by_name
from isograph.errors import UsageError


def test_texts_by_name__splits_at_the_first_sign_and_keeps_the_last_of_a_name():
    entries = ("beta=0.5", " where =a=b", "empty=", "beta=0.7")
    assert texts_by_name(entries, "--set", "KEY=VALUE") == {"beta": "0.7", "where": "a=b", "empty": ""}


@pytest.mark.parametrize("entry", ["beta", "=1", " =1", ""])
def test_texts_by_name__refuses_what_has_no_name_or_no_value(entry):
    expected = f"--param takes NAME=VALUE, got '{entry}'."
    with pytest.raises(UsageError, match=f"^{re.escape(expected)}$"):
        texts_by_name([entry], "--param", "NAME=VALUE")
