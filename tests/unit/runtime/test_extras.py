from __future__ import annotations

import pytest

from isograph.errors import MissingExtraError
from isograph.runtime import extras
from isograph.runtime.extras import require_extra


def test_require_extra__lets_pass_what_is_installed():
    assert require_extra("polars", "a table", "tables") is None


def test_require_extra__says_how_to_install_what_is_not(monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as raised:
        require_extra("matplotlib", "drawing figures", "plot")
    assert str(raised.value) == "drawing figures needs the extra 'plot': pip install 'isograph-multiplex[plot]'"
