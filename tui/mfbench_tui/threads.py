"""The threads that questions are asked in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

MOST = 32  # they mostly wait; what takes minutes must not keep other questions from being asked
NAME = "bench"


class Threads(ThreadPoolExecutor):
    """Nobody waits for what still goes on when the screen is left: `run` sees to what must not be cut off."""

    def __init__(self) -> None:
        super().__init__(MOST, thread_name_prefix=NAME)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=True)
