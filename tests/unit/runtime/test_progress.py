from __future__ import annotations

import logging

import pytest

from isograph.runtime.progress import Steps


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
