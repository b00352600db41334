"""The process of one command: how it starts and how it ends."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from dataclasses import dataclass

# NOTE: the libraries make two hundred thousand objects that live as long as the process; at the default of 700 the
# collector looks through them again and again while they load.
OBJECTS_BETWEEN_COLLECTIONS = 300_000


@dataclass(slots=True)
class _Ending:
    """How the process ends: at once, with the code of its command."""

    code: int | None = None

    def leave(self) -> None:
        """End the process without taking the interpreter apart, which takes longer than many a command."""
        if self.code is None:
            return
        try:
            for stream in (sys.stdout, sys.stderr):
                # NOTE: a stream that was closed before the start is None.
                if stream is not None:
                    stream.flush()
        except (OSError, ValueError):
            return
        os._exit(self.code)


def run() -> None:
    """Run the command line as the process it is started as."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    ending = _Ending()
    # NOTE: before anything is imported: what is registered first is called last, after every clean-up.
    atexit.register(ending.leave)
    from isograph.cli.app import main

    try:
        main()
    except SystemExit as ended:
        ending.code = ended.code if isinstance(ended.code, int) else None
        raise
