"""Calls in threads of their own, whose results and errors come back to the test."""

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar, overload

__all__ = ["BOUND", "Background", "run"]

BOUND = 20.0
"""Seconds after which a call in the background counts as hung. Nothing waits for it to pass."""

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")


class Background(Generic[A]):
    """One call in a thread, begun at once. `result` joins it.

    `done`, where given, is sent the object when the call is over.
    """

    def __init__(
        self, call: Callable[[], A], done: "queue.SimpleQueue[Background[A]] | None" = None
    ) -> None:
        self._call = call
        self._done = done
        self._results: list[A] = []
        self._error: BaseException | None = None
        # A daemon, so that a hung call fails one test and not the whole run.
        self._thread = threading.Thread(target=self._run, name=f"background {call}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._results.append(self._call())
        except BaseException as error:
            self._error = error
        finally:
            if self._done is not None:
                self._done.put(self)

    def is_running(self) -> bool:
        return self._thread.is_alive()

    def result(self, bound: float = BOUND) -> A:
        """Return what the call returned, or raise what it raised; fail when it lasts too long."""
        self._thread.join(bound)
        if self._thread.is_alive():
            raise AssertionError(f"{self._thread.name} did not end within {bound} s")
        if self._error is not None:
            raise self._error
        return self._results[0]


@overload
def run(first: Callable[[], A], /, *, bound: float = ...) -> tuple[A]: ...
@overload
def run(
    first: Callable[[], A], second: Callable[[], B], /, *, bound: float = ...
) -> tuple[A, B]: ...
@overload
def run(
    first: Callable[[], A],
    second: Callable[[], B],
    third: Callable[[], C],
    /,
    *,
    bound: float = ...,
) -> tuple[A, B, C]: ...
@overload
def run(*calls: Callable[[], A], bound: float = ...) -> tuple[A, ...]: ...
def run(*calls: Callable[[], object], bound: float = BOUND) -> tuple[object, ...]:
    """Run `calls` side by side and return their results in order.

    The first error of any of them is raised at once, without waiting for the others, which may
    hang because of it.
    """
    done: queue.SimpleQueue[Background[object]] = queue.SimpleQueue()
    running = [Background(call, done) for call in calls]
    for _ in running:
        try:
            finished = done.get(timeout=bound)
        except queue.Empty:
            raise AssertionError(f"a call in the background did not end within {bound} s") from None
        finished.result(bound)
    return tuple(each.result(bound) for each in running)
