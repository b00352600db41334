"""Thread counts of every library, set in one place, and work divided so that their number changes no result."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from queue import Empty, SimpleQueue
from typing import TypeVar

from isograph.errors import ConfigError

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
    counts = [_affinity_cores()]
    allocated = os.environ.get("SLURM_CPUS_PER_TASK", "")
    if allocated.isdigit() and int(allocated) > 0:
        counts.append(int(allocated))
    quota = _cgroup_cores()
    if quota is not None:
        counts.append(quota)
    return max(1, min(counts))


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
    """Keep BLAS on one thread inside the block, so that tiles in parallel do not fight for the cores."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield


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
    with single_threaded_blas(), ThreadPoolExecutor(max_workers=threads) as pool:
        futures: list[Future[_Result]] = [pool.submit(call) for call in calls]
        try:
            _wait_for_all(futures, progress)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        return [future.result() for future in futures]


def _wait_for_all(futures: Sequence[Future[_Result]], progress: Callable[[int, int], None] | None) -> None:
    # NOTE: each reports itself once; waiting for the first of all that run takes longer the more there are.
    finished: SimpleQueue[Future[_Result]] = SimpleQueue()
    for future in futures:
        future.add_done_callback(finished.put)
    n_finished = 0
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
