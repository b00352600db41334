"""``python -m isograph`` is the command line."""

from isograph.cli.process import run

run()
