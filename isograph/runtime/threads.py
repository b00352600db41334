"""Thread counts of every library, set in one place, and work divided so that their number changes no result."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache, partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from isograph.errors import ConfigError

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

SECONDS_BETWEEN_REPORTS = 0.2
_ENVIRONMENT = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
)
_Result = TypeVar("_Result")


def usable_cores() -> int:
    """Return the cores this process may use: the least of its scheduler allocation, affinity and control group."""
    allocated = os.environ.get("SLURM_CPUS_PER_TASK", "")
    limits = (_affinity_cores(), int(allocated) if allocated.isdigit() else 0, _cgroup_cores())
    return max(1, min(limit for limit in limits if limit))


def resolve_threads(threads: int | None) -> int:
    """Return ``threads``, or the cores this process may use when it is None.

    Raises
    ------
    ConfigError
        ``threads`` is less than 1.
    """
    if threads is None:
        return usable_cores()
    if threads < 1:
        raise ConfigError(f"threads is {threads}, expected 1 or more")
    return threads


def set_thread_environment(threads: int) -> None:
    """Set the variables that numba, BLAS, OpenMP (torch) and Polars read when they are imported: call it before."""
    for name in _ENVIRONMENT:
        os.environ[name] = str(threads)


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Keep BLAS on one thread inside the block, so that tiles in parallel do not fight for the cores.

    It holds for the libraries that are loaded when the block begins.
    """
    with _thread_pools(len(sys.modules)).limit(limits=1):
        yield


@lru_cache(maxsize=1)
def _thread_pools(n_modules: int) -> ThreadpoolController:
    """Return the thread pools of the libraries that this process has loaded.

    n_modules: the modules imported so far. Finding the pools takes 5 to 10 ms, and libraries come with modules, so they
    are looked for again only when there are other modules.
    """
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def run_chunks(
    task: Callable[[int, int], None],
    n_rows: int,
    *,
    chunk: int,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Call ``task(start, stop)`` over consecutive chunks of ``n_rows`` rows in ``threads`` threads.

    Chunks have a fixed size, whatever the number of threads, and each must write only what it owns.
    """
    starts = range(0, n_rows, chunk)
    calls = [partial(task, start, min(start + chunk, n_rows)) for start in starts]
    run_calls(calls, threads=threads, progress=progress)


def run_calls(
    calls: Sequence[Callable[[], _Result]],
    *,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[_Result]:
    """Run the calls in ``threads`` threads and return their results in the order of the calls.

    An exception in one, or an interrupt, cancels those that have not started and is raised once the running ones end.
    """
    finished: SimpleQueue[Future[_Result]] = SimpleQueue()
    with single_threaded_blas(), ThreadPoolExecutor(max_workers=threads) as pool:
        futures = [pool.submit(call) for call in calls]
        # NOTE: each reports itself once; waiting for the first of all that run takes longer the more there are.
        for future in futures:
            future.add_done_callback(finished.put)
        n_finished = 0
        try:
            while n_finished < len(futures):
                try:
                    future = finished.get(timeout=SECONDS_BETWEEN_REPORTS)
                except Empty:
                    pass
                else:
                    future.result()
                    n_finished += 1
                if progress is not None:
                    progress(n_finished, len(futures))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        return [future.result() for future in futures]


def _affinity_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cgroup_cores() -> int | None:
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as handle:  # noqa: PTH123
            quota, period = handle.read().split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else max(1, int(quota) // int(period))
