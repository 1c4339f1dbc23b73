"""`read` and `write`: one HTTP message from a layer, or to it.

The only blocking calls of this floor. They know nothing of what is in a message.
"""

import socket
from typing import Final

from beastly.core import Deadline, Layer, TimedOut, layer_over
from beastly.http.limits import Limits
from beastly.http.message import Request, Response
from beastly.http.parser import RequestParser, ResponseParser

__all__ = ["read", "write"]

_RECEIVE_SIZE: Final = 16 * 1024
_DEFAULT_LIMITS: Final = Limits()


def read(
    layer: socket.socket | Layer,
    buffer: bytearray,
    message: Request | Response,
    *,
    timeout: float | None = None,
    limits: Limits = _DEFAULT_LIMITS,
) -> None:
    """Read one message into `message`. Blocks until it is complete.

    Bytes in `buffer` come first, and what was received behind the message is left there: pass the
    same buffer to each call on a connection. `timeout` is in seconds, for the whole call; without
    one the layer's default holds, which for a socket is its own timeout.

    When the call fails, `message` is as it was and `buffer` holds all that was received, so after a
    timeout the call can be repeated. It keeps the message as received and as decoded, which takes
    somewhat more than twice its size while the call lasts.

    Raises:
        HttpError: the bytes are no such message, one that passes `limits`, or end too early; the
            connection is of no more use. `Error.END_OF_STREAM` means that the peer closed between
            messages.
        TimedOut: the timeout passed.
        OSError: the operating system reported an error.

    One thread at a time may read from a layer. RFC 9112 sections 2 to 7.
    """
    source = layer_over(layer)
    deadline = Deadline.after(source.default_timeout if timeout is None else timeout)
    if isinstance(message, Request):
        request_parser = RequestParser(limits)
        _fill(source, buffer, request_parser, deadline)
        message.assign(request_parser.message)
    else:
        response_parser = ResponseParser(limits)
        _fill(source, buffer, response_parser, deadline)
        message.assign(response_parser.message)


def _fill(
    layer: Layer,
    buffer: bytearray,
    parser: RequestParser | ResponseParser,
    deadline: Deadline | None,
) -> None:
    """Feed `parser` until it is done, then remove from `buffer` what it has used."""
    used = parser.feed(buffer)
    while not parser.done:
        data = layer.receive(_RECEIVE_SIZE, deadline)
        if data:
            buffer += data
            used = parser.feed(buffer, used)
        else:
            parser.end_of_stream()
    del buffer[:used]


def write(
    layer: socket.socket | Layer, message: Request | Response, *, timeout: float | None = None
) -> None:
    """Send `message`. Blocks until the layer has taken all of it.

    `timeout` is in seconds, for the whole call; without one the layer's default holds, which for a
    socket is its own timeout.

    Raises:
        ValueError: the message is invalid, see its `encode`; nothing was sent.
        TimedOut: the timeout passed. If its `unsent` is zero, nothing was sent and the call can be
            repeated; otherwise so many bytes are missing, and the connection is of no more use.
        OSError: the operating system reported an error.

    One thread at a time may write to a layer. RFC 9112 sections 2 to 6.
    """
    data = memoryview(message.encode())
    target = layer_over(layer)
    deadline = Deadline.after(target.default_timeout if timeout is None else timeout)
    sent = 0
    while sent < len(data):
        try:
            sent += target.send(data[sent:], deadline)
        except TimedOut as error:
            raise TimedOut(error.detail, unsent=len(data) - sent if sent else 0) from error
