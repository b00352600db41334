"""Settings of the whole suite. Being here, it also puts ``tests`` on the path, so that tests import ``reference``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import settings

settings.register_profile("reproducible", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("reproducible")


@contextmanager
def _fits_in_process() -> Iterator[None]:
    from click.testing import CliRunner

    from isograph.benchmarking import run
    from isograph.benchmarking.process import FinishedProcess
    from isograph.cli.app import app

    def fitted(command: list[str], _: Path) -> FinishedProcess:
        # What follows ``python -m isograph``.
        result = CliRunner().invoke(app, command[3:], catch_exceptions=False)
        return FinishedProcess(result.exit_code, result.stderr, 0.5, 0.4, 0.1, 100_000_000)

    # NOTE: the command line sets how many threads libraries use.
    with mock.patch.dict(os.environ), mock.patch.object(run, "measured_run", fitted):
        yield


@pytest.fixture(scope="session")
def fits_in_process() -> Callable[[], AbstractContextManager[None]]:
    """Give the context in which a benchmark fits in this process, one fit at a time: quicker, and not measured."""
    return _fits_in_process
