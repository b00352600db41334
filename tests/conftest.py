"""Settings of the whole suite. Being here, it also puts ``tests`` on the path, so that tests import ``reference``."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("reproducible", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("reproducible")
