"""What is done again and again: when its turn comes, and how long to wait after what went wrong."""

from __future__ import annotations

import time

_RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)


def pause_after(failures: int) -> float:
    """Seconds until what did not work is tried again, after so many failures in a row (1 or more)."""
    return _RETRY_SECONDS[min(failures, len(_RETRY_SECONDS)) - 1]


class Timer:
    """Something that is done every so many seconds, and at once for the first time.

    Args:
        seconds: between two times.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next: float | None = None  # monotonic

    @property
    def has_begun(self) -> bool:
        """Whether it was done once."""
        return self._next is not None

    def is_due(self) -> bool:
        """Whether it is to be done now; if so, it is next due some seconds later."""
        if self._next is not None and time.monotonic() < self._next:
            return False
        self.put_off(self._seconds)
        return True

    def put_off(self, seconds: float) -> None:
        """Have it done so many seconds from now, and not before."""
        self._next = time.monotonic() + seconds
