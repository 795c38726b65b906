# SPDX-License-Identifier: Apache-2.0
"""Waiting for something to become true, with a deadline instead of a fixed sleep."""
import time

PAUSE_SECONDS = 0.05


def wait_until(condition, timeout=60, what="", pause=PAUSE_SECONDS):
    """Returns the first truthy result of condition(). What it raised last is the failure's cause."""
    what = what or getattr(condition, "__doc__", None) or getattr(condition, "__name__", "condition")
    deadline = time.monotonic() + timeout
    while True:
        result, cause = None, None
        try:
            result = condition()
        except Exception as error:  # pylint: disable=broad-except
            cause = error
        if result:
            return result
        if time.monotonic() >= deadline:
            last = f"raised {cause!r}" if cause else f"was {result!r}"
            raise AssertionError(f"not within {timeout} s: {what}; at last it {last}") from cause
        time.sleep(pause)
