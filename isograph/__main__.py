"""``python -m isograph`` is the command line."""

from isograph.cli.app import main

main()
