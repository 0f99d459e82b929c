"""Hypothesis tries the same examples in every run, so that a change is judged by what it changed.

`CNNLINT_HYPOTHESIS=random python -m pytest` looks for new ones, and `nightly` for ten times as many.
"""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, settings

quiet = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("same", derandomize=True, database=None, **quiet)
settings.register_profile("random", **quiet)
settings.register_profile("nightly", max_examples=1000, **quiet)
settings.load_profile(os.environ.get("CNNLINT_HYPOTHESIS", "same"))

# Started in the background of a script, Ctrl-C is ignored by us and by all that we start, which some tests
# interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
