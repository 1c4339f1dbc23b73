"""A peer that never stops sending, and a gauge for the memory that it takes."""

import tracemalloc
from collections.abc import Callable, Iterable

from beastly.core import Deadline, ForwardingLayer, TimedOut
from tests.support.memory_layer import connected_pair

__all__ = ["EndlessLayer", "peak_memory"]


class EndlessLayer(ForwardingLayer):
    """A layer that receives `blocks`, each as it is, and then the end of the stream.

    It looks at the deadline before each block, and makes no bytes of its own, so that what is
    allocated is allocated by the code under test. What is sent goes nowhere.
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        super().__init__(connected_pair()[0])
        self._blocks = iter(blocks)

    def receive(self, size: int, deadline: Deadline | None) -> bytes:
        if deadline is not None and deadline.remaining() == 0:
            raise TimedOut("nothing arrived in time")
        return next(self._blocks, b"")


def peak_memory(call: Callable[[], object]) -> int:
    """Return the most bytes that were allocated at a time during `call`."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
