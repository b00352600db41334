from __future__ import annotations

import logging
import re

import pytest

from isograph.runtime.progress import Steps, run_log

LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (.*)$")


class Recorder:
    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def begin(self, step: str) -> None:
        self.told.append(("begin", step))

    def advance(self, done: int, total: int) -> None:
        self.told.append(("advance", done, total))

    def end(self, step: str, seconds: float) -> None:
        self.told.append(("end", step, seconds >= 0))


def test_steps__tell_the_display_and_keep_the_seconds_in_order(caplog):
    caplog.set_level(logging.INFO, logger="isograph")
    display = Recorder()
    steps = Steps(display)
    with steps.step("read") as progress:
        progress(1, 2)
    with steps.step("write"):
        pass
    assert display.told == [
        ("begin", "read"),
        ("advance", 1, 2),
        ("end", "read", True),
        ("begin", "write"),
        ("end", "write", True),
    ]
    assert list(steps.seconds) == ["read", "write"]
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["read", "write"]


def test_steps__add_up_a_step_that_comes_twice(monkeypatch):
    clock = iter([0.0, 1.5, 10.0, 10.25])
    monkeypatch.setattr("isograph.runtime.progress.time.perf_counter", lambda: next(clock))
    steps = Steps()
    for _ in range(2):
        with steps.step("read"):
            pass
    assert steps.seconds == {"read": 1.75}


def test_steps__keep_no_time_of_a_step_that_failed():
    steps = Steps()
    with pytest.raises(ValueError, match="broken"), steps.step("read"):
        raise ValueError("broken")
    assert steps.seconds == {}


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
