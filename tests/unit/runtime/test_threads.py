from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from types import ModuleType

import pytest
import threadpoolctl
from threadpoolctl import threadpool_info

from isograph.errors import ConfigError
from isograph.runtime import threads
from isograph.runtime.threads import resolve_threads, run_calls, run_chunks, set_thread_environment, usable_cores


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with 8 cores of affinity, no scheduler and no quota."""
    monkeypatch.setattr(threads, "_affinity_cores", lambda: 8)
    monkeypatch.setattr(threads, "_cgroup_cores", lambda: None)
    monkeypatch.delenv("SLURM_CPUS_PER_TASK", raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("allocated", "quota", "cores"),
    [(None, None, 8), ("4", None, 4), ("16", None, 8), ("0", None, 8), ("all", None, 8), (None, 3, 3), ("4", 2, 2)],
)
def test_usable_cores__are_the_least_anyone_grants(machine, allocated, quota, cores):
    if allocated is not None:
        machine.setenv("SLURM_CPUS_PER_TASK", allocated)
    machine.setattr(threads, "_cgroup_cores", lambda: quota)
    assert usable_cores() == cores


def test_resolve_threads__keeps_what_was_asked_for(machine):
    assert resolve_threads(3) == 3
    assert resolve_threads(32) == 32


def test_resolve_threads__falls_back_on_the_usable_cores(machine):
    machine.setenv("SLURM_CPUS_PER_TASK", "5")
    assert resolve_threads(None) == 5


@pytest.mark.parametrize("count", [0, -1])
def test_resolve_threads__refuses_less_than_one(count):
    with pytest.raises(ConfigError) as raised:
        resolve_threads(count)
    assert str(raised.value) == f"threads is {count}, expected 1 or more"


def test_set_thread_environment__reaches_every_library(monkeypatch):
    names = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMBA_NUM_THREADS",
        "POLARS_MAX_THREADS",
    )
    for name in names:
        monkeypatch.setenv(name, "9")
    set_thread_environment(3)
    assert {name: os.environ[name] for name in names} == dict.fromkeys(names, "3")


@pytest.mark.parametrize("n_threads", [1, 2, 5])
@pytest.mark.parametrize(
    ("n_rows", "expected"),
    [
        (0, []),
        (3, [(0, 3)]),
        (4, [(0, 4)]),
        (9, [(0, 4), (4, 8), (8, 9)]),
    ],
)
def test_run_chunks__have_a_fixed_size_whatever_the_threads(n_threads, n_rows, expected):
    chunks: list[tuple[int, int]] = []
    run_chunks(lambda start, stop: chunks.append((start, stop)), n_rows, chunk=4, threads=n_threads)
    assert sorted(chunks) == expected


def test_run_calls__returns_results_in_the_order_of_the_calls():
    def call(number: int) -> int:
        time.sleep(0.02 * (4 - number))
        return number

    assert run_calls([lambda n=n: call(n) for n in range(5)], threads=4) == [0, 1, 2, 3, 4]


def test_run_calls__reports_how_many_are_done():
    told: list[tuple[int, int]] = []
    run_calls([lambda: None] * 3, threads=1, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (3, 3)
    assert told == sorted(told)


def test_run_calls__raises_the_exception_of_a_call_and_starts_no_more():
    started: list[int] = []

    def call(number: int) -> None:
        started.append(number)
        if number == 1:
            raise ValueError("call 1 failed")
        time.sleep(0.01)

    with pytest.raises(ValueError, match="call 1 failed"):
        run_calls([lambda n=n: call(n) for n in range(200)], threads=1)
    assert len(started) < 200


def test_run_calls__ends_its_threads_when_interrupted():
    before = threading.active_count()

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_calls([lambda: time.sleep(0.01)] * 50, threads=2, progress=interrupt)
    assert threading.active_count() == before


def test_run_calls__keep_blas_on_one_thread():
    def blas_threads() -> list[int]:
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

    before = blas_threads()
    (inside,) = run_calls([blas_threads], threads=1)
    assert inside
    assert set(inside) == {1}
    assert blas_threads() == before


@pytest.fixture
def no_known_pools():
    """No thread pools that were found before, nor afterwards those that a test counted modules for."""
    threads._thread_pools.cache_clear()
    yield
    threads._thread_pools.cache_clear()


@pytest.mark.usefixtures("no_known_pools")
def test_single_threaded_blas__looks_for_libraries_again_only_when_modules_were_imported(monkeypatch):
    scans: list[int] = []

    class CountingController(threadpoolctl.ThreadpoolController):
        def __init__(self) -> None:
            scans.append(len(sys.modules))
            super().__init__()

    monkeypatch.setattr(threadpoolctl, "ThreadpoolController", CountingController)
    for _ in range(3):
        run_calls([lambda: None], threads=1)
    assert len(scans) == 1
    monkeypatch.setitem(sys.modules, "isograph_imported_later", ModuleType("later"))
    run_calls([lambda: None], threads=1)
    assert len(scans) == 2


def test_single_threaded_blas__holds_for_a_library_that_was_loaded_after_the_first_block():
    code = """
from isograph.runtime.threads import run_calls
run_calls([lambda: None], threads=1)
import sys
assert "numpy" not in sys.modules
import numpy
from threadpoolctl import threadpool_info, threadpool_limits
threadpool_limits(2, user_api="blas")
blas_threads = lambda: {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}
print(blas_threads(), *run_calls([blas_threads], threads=1), blas_threads())
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "{2} {1} {2}\n"
