"""The root of beastly's exceptions, and the failures that any floor can meet.

Every floor has one enum of codes, which is also its table: a member holds the sentence that says
what was expected and the section of the specification that says so. Exceptions carry a member as
their `code` and add what came instead. Nothing here knows HTTP or WebSocket.
"""

from enum import Enum

__all__ = ["BeastlyError", "Busy", "Error", "ErrorCode", "OperationAborted", "TimedOut"]


class ErrorCode(Enum):
    """The base of the code enums; `code` of every exception is a member of one of them."""

    message: str
    section: str

    def __repr__(self) -> str:
        return f"<{type(self).__name__}.{self.name}>"


class Error(ErrorCode):
    """Codes for what can happen to any blocking call."""

    TIMEOUT = ("the call must end before its deadline", "")
    OPERATION_ABORTED = ("the call needs a stream that is neither closed nor failed", "")
    BUSY = ("one thread at a time may read from a stream", "")

    def __init__(self, message: str, section: str) -> None:
        self.message: str = message
        self.section: str = section


class BeastlyError(Exception):
    """The root of every exception that beastly raises by itself.

    `code` says precisely what happened, as a member of an enum; `detail` says what came and where.
    The text joins both with the section of the specification. Operating system errors are not
    wrapped: they pass through as `OSError`.
    """

    def __init__(self, code: ErrorCode, detail: str = "") -> None:
        super().__init__(code, detail)
        self._code = code
        self.detail: str = detail

    @property
    def code(self) -> ErrorCode:
        """What happened, as a member of an enum."""
        return self._code

    def __reduce__(self) -> tuple[object, ...]:
        # So that an error can come out of another process: each class has arguments of its own.
        return _restored, (type(self), self.args), self.__dict__

    def __str__(self) -> str:
        text = f"{self.code.message}; {self.detail}" if self.detail else self.code.message
        return f"{text} ({self.code.section})" if self.code.section else text


def _restored(
    kind: type[BeastlyError], arguments: tuple[ErrorCode, str]
) -> BeastlyError:
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    return error


class TimedOut(BeastlyError, TimeoutError):
    """A call reached its deadline. It is a builtin `TimeoutError` too.

    Nothing that the peer sent is lost, and the stream can go on. `unsent` is the number of bytes
    of a partly sent message that the stream has kept: they go out before anything else, so a
    message for which it is not zero must not be written again. Zero means that nothing was sent.
    """

    def __init__(self, detail: str = "", *, unsent: int = 0) -> None:
        super().__init__(Error.TIMEOUT, detail)
        self.unsent: int = unsent


class OperationAborted(BeastlyError):
    """The state of the stream does not allow the call: not open yet, or closed, or aborted."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(Error.OPERATION_ABORTED, detail)


class Busy(BeastlyError):
    """Another thread is inside the same half of the stream. The stream is untouched."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(Error.BUSY, detail)
