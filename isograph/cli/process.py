"""The process of one command: how it starts and how it ends."""

from __future__ import annotations

import atexit
import gc
import os
import sys

# NOTE: the libraries make two hundred thousand objects that live as long as the process; at the default of 700 the
# collector looks through them again and again while they load.
OBJECTS_BETWEEN_COLLECTIONS = 300_000


def run() -> None:
    """Run the command line as the process it is started as, and end that process with the code of the command."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    code: int | None = None

    def end_at_once() -> None:
        # NOTE: taking the interpreter apart takes longer than many a command.
        if code is None:
            return
        try:
            for stream in (sys.stdout, sys.stderr):
                # NOTE: a stream that was closed before the start is None.
                if stream is not None:
                    stream.flush()
        except (OSError, ValueError):
            return
        os._exit(code)

    # NOTE: before anything is imported: what is registered first is called last, after every clean-up.
    atexit.register(end_at_once)
    from isograph.cli.app import main

    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else None
        raise
