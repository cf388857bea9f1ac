# SPDX-License-Identifier: GPL-3.0-or-later
# wait.py - wait for a condition, never for an amount of time
import time


class Timeout(AssertionError):
    """What was waited for did not come."""


def wait_for(condition, what, timeout=10.0, interval=0.02):
    """Call @condition until it returns something true, and return that."""
    end = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise Timeout(f"after {timeout} s still no {what}")
        time.sleep(interval)
