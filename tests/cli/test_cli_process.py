from __future__ import annotations

import subprocess
import sys

import pytest

import isograph as package

RUN = """
import atexit, sys
from isograph.cli.process import run
{before}
sys.argv = ["isograph", *{arguments!r}]
run()
"""


def process(arguments, before=""):
    script = RUN.format(arguments=arguments, before=before)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--version"], 0), (["nonsense"], 2), (["show", "there-is-no-such-directory"], 3)]
)
def test_run__ends_with_the_code_of_the_command_and_all_it_wrote(arguments, code):
    ended = process(arguments)
    assert ended.returncode == code
    assert bool(ended.stdout) == (code == 0)
    assert bool(ended.stderr) == (code != 0)


def test_run__without_streams_ends_silently():
    ended = subprocess.run(
        [sys.executable, "-c", RUN.format(arguments=["--version"], before="sys.stdout = None")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_run__ends_after_the_clean_up_that_the_command_registered():
    before = (
        "import isograph.cli.app as home\n"
        "def main():\n"
        "    atexit.register(print, 'cleaned up')\n"
        "    print('answered')\n"
        "    sys.exit(3)\n"
        "home.main = main\n"
    )
    ended = process([], before)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "answered\ncleaned up\n", "")


def test_run__does_not_take_the_interpreter_apart():
    witness = "class Witness:\n    def __del__(self):\n        print('taken apart')\nsys.witness = Witness()\n"
    assert process(["--version"], witness).stdout == f"isograph, version {package.__version__}\n"
