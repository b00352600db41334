from __future__ import annotations

import psutil
import pytest

from isograph.errors import ResourceError
from isograph.runtime import resources
from isograph.runtime.resources import available_memory, in_units, require_memory

GB = 10**9


class FreeMemory:
    available = 8 * GB


@pytest.fixture
def control_group(monkeypatch, tmp_path):
    """Stand-ins for the files of the control group, empty at first."""
    monkeypatch.setattr(psutil, "virtual_memory", FreeMemory)
    monkeypatch.setattr(resources, "Path", lambda path: tmp_path / path.rpartition("/")[2])
    return tmp_path


@pytest.mark.parametrize(
    ("files", "available"),
    [
        ({}, 8 * GB),
        ({"memory.max": "max\n", "memory.current": "5\n"}, 8 * GB),
        ({"memory.max": f"{4 * GB}\n"}, 8 * GB),
        ({"memory.max": f"{4 * GB}\n", "memory.current": f"{GB}\n"}, 3 * GB),
        ({"memory.max": f"{64 * GB}\n", "memory.current": f"{GB}\n"}, 8 * GB),
        ({"memory.max": f"{GB}\n", "memory.current": f"{4 * GB}\n"}, 0),
        (
            {"memory.max": f"{4 * GB}", "memory.current": f"{3 * GB}", "memory.stat": f"anon 5\ninactive_file {GB}\n"},
            2 * GB,
        ),
    ],
)
def test_available_memory__is_the_less_of_free_and_left_in_the_control_group(control_group, files, available):
    for name, text in files.items():
        (control_group / name).write_text(text)
    assert available_memory() == available


def test_require_memory__refuses_more_than_its_share(monkeypatch):
    monkeypatch.setattr(resources, "available_memory", lambda: 10 * GB)
    require_memory(8 * GB, what="a network", remedy="Filter more.")
    with pytest.raises(ResourceError) as raised:
        require_memory(8 * GB + 1, what="a network", remedy="Filter more.")
    assert str(raised.value) == (
        "a network needs about 8.0 GB of memory; 10.0 GB are available, of which isograph uses at most 80%. "
        "Filter more."
    )


@pytest.mark.parametrize(("n_bytes", "text"), [(0, "0 MB"), (2.6e6, "3 MB"), (999e6, "999 MB"), (1.25e9, "1.2 GB")])
def test_in_units__is_megabytes_or_gigabytes(n_bytes, text):
    assert in_units(n_bytes) == text
