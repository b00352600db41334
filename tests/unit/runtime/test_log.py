from __future__ import annotations

import logging
import re

import pytest

from isograph.runtime.log import run_log

LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (.*)$")


@pytest.fixture
def log(tmp_path):
    return tmp_path / "run.log"


def lines(path) -> list[str]:
    return [LINE.sub(r"\1", line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_run_log__holds_what_isograph_tells(log):
    with run_log(log):
        logging.getLogger("isograph.somewhere").info("%d genes", 3)
        logging.getLogger("isograph").warning("careful")
        logging.getLogger("isograph").debug("detail")
        logging.getLogger("other").warning("unrelated")
    assert lines(log) == ["INFO isograph.somewhere: 3 genes", "WARNING isograph: careful"]


def test_run_log__holds_no_control_characters(log):
    with run_log(log):
        logging.getLogger("isograph").info("gene %s", "\x1b[31mG1\x07\r\u202e")
        logging.getLogger("isograph").info("two\nlines")
    assert lines(log) == ["INFO isograph: gene \\x1b[31mG1\\x07\\r\\u202e", "INFO isograph: two", "lines"]


@pytest.mark.parametrize("level", [logging.NOTSET, logging.ERROR, logging.DEBUG])
def test_run_log__leaves_the_logger_as_it_was(log, level, request):
    logger = logging.getLogger("isograph")
    request.addfinalizer(lambda before=logger.level: logger.setLevel(before))
    logger.setLevel(level)
    handlers = list(logger.handlers)
    with run_log(log):
        logger.info("told")
    logger.error("not told")
    assert lines(log) == ["INFO isograph: told"]
    assert (logger.level, logger.handlers) == (level, handlers)


def test_run_log__is_closed_after_an_exception(log):
    with pytest.raises(ValueError, match="broken"), run_log(log):
        raise ValueError("broken")
    logging.getLogger("isograph").error("later")
    assert lines(log) == []
