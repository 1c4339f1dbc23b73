"""`Limits`: how much of a message is taken from a peer."""

from beastly.core.value import Value

__all__ = ["Limits"]


class Limits(Value):
    """The largest message that a parser accepts; sizes in bytes.

    `start_line` and `field_line` count a line without its CR LF, `head` counts everything up to
    the blank line and with it, `fields` the field lines, `content` the decoded content. What a
    limit says is still accepted, one more is not. The trailers of chunked content have the limits
    of a head once more.

    Raises:
        ValueError: a limit is negative.
    """

    __slots__ = ("start_line", "field_line", "head", "fields", "content")

    start_line: int
    field_line: int
    head: int
    fields: int
    content: int

    def __init__(
        self,
        start_line: int = 16 * 1024,
        field_line: int = 32 * 1024,
        head: int = 64 * 1024,
        fields: int = 128,
        content: int = 1024 * 1024,
    ) -> None:
        super().__init__(start_line, field_line, head, fields, content)
        if min(start_line, field_line, head, fields, content) < 0:
            raise ValueError(f"a limit is a number not below zero: {self!r}")
