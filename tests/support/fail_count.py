"""Faults at every step, after Beast's `fail_count`: what happens when the n-th operation fails."""

import errno
from collections.abc import Callable, Sequence

from typing_extensions import Buffer

from beastly.core import Deadline, ForwardingLayer, Layer

__all__ = ["FailCount", "FailingLayer", "fail_loop"]


def _reset(detail: str) -> OSError:
    return ConnectionResetError(errno.ECONNRESET, detail)


class FailCount:
    """A countdown that layers share: operation number `fail_at` fails, and all that follow it."""

    def __init__(self, fail_at: int, make_error: Callable[[str], OSError] = _reset) -> None:
        self.fail_at = fail_at
        self.operations = 0
        """How many operations were begun."""
        self._make_error = make_error

    @property
    def reached(self) -> bool:
        """Whether an operation has failed."""
        return self.operations >= self.fail_at

    def step(self, operation: str) -> None:
        """Count one operation, and raise if it is to fail."""
        self.operations += 1
        if self.reached:
            raise self._make_error(f"injected into operation {self.operations}, {operation}")

    def wrap(self, layer: Layer) -> "FailingLayer":
        """Return `layer` with its operations counted here."""
        return FailingLayer(layer, self)


class FailingLayer(ForwardingLayer):
    """A layer over another one that asks a `FailCount` before each operation.

    `close` and `abort` are not operations: they cannot fail.
    """

    def __init__(self, layer: Layer, count: FailCount) -> None:
        super().__init__(layer)
        self.count = count

    def receive(self, size: int, deadline: Deadline | None) -> bytes:
        self.count.step("receive")
        return super().receive(size, deadline)

    def receive_into(self, region: memoryview, deadline: Deadline | None) -> int:
        self.count.step("receive_into")
        return super().receive_into(region, deadline)

    def send(self, data: Buffer, deadline: Deadline | None) -> int:
        self.count.step("send")
        return super().send(data, deadline)

    def send_vector(self, pieces: Sequence[Buffer], deadline: Deadline | None) -> int:
        self.count.step("send_vector")
        return super().send_vector(pieces, deadline)

    def shutdown(self, deadline: Deadline | None) -> None:
        self.count.step("shutdown")
        super().shutdown(deadline)


def fail_loop(
    scenario: Callable[[Callable[[Layer], Layer]], object],
    *,
    errors: tuple[type[Exception], ...] = (ConnectionResetError,),
    make_error: Callable[[str], OSError] = _reset,
    limit: int = 200,
) -> int:
    """Run `scenario` with a fault in operation 1, then 2, and so on, until it meets none.

    The scenario is given a function that wraps the layers whose operations count. A run with a
    fault may raise one of `errors` or deal with it and return; anything else is a failure of the
    test, and so are more than `limit` operations.

    Returns:
        How many operations the scenario has without a fault.
    """
    for fail_at in range(1, limit + 2):
        count = FailCount(fail_at, make_error)
        try:
            scenario(count.wrap)
        except errors:
            if not count.reached:
                raise
        if not count.reached:
            return count.operations
    raise AssertionError(f"the scenario has more than {limit} operations")
