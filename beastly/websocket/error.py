"""What can go wrong between two endpoints: one table of codes, and a class for each answer.

`Error` is the table: a row holds the code's message, its section, the condition that it belongs to
and the close code that the peer is sent. The classes say what a program does about it.

    BeastlyError                    (core) the root
      HandshakeFailed               try again on this connection, or not: `keep_alive`
      ProtocolViolation             the peer is broken; the connection has been failed
      MessageTooBig                 the peer sent more than a limit allows; likewise
      ConnectionClosed              the conversation is over: `reason`, `clean`
      UnexpectedMessage             the message is of the other kind: `message`
      OperationAborted              (core) the stream was closed, aborted or not yet opened
      Busy                          (core) another thread is reading
      TimedOut                      (core, also TimeoutError) repeat the call
"""

from enum import Enum

from beastly.core import BeastlyError, ErrorCode
from beastly.http import Request, Response
from beastly.websocket.rfc6455 import CloseCode, CloseReason

__all__ = [
    "Condition",
    "ConnectionClosed",
    "Error",
    "HandshakeFailed",
    "MessageTooBig",
    "ProtocolViolation",
    "UnexpectedMessage",
]


class Condition(Enum):
    """What several codes have in common, as a program would treat them alike."""

    HANDSHAKE_FAILED = "handshake failed"
    PROTOCOL_VIOLATION = "protocol violation"


_HANDSHAKE = Condition.HANDSHAKE_FAILED
_PROTOCOL = Condition.PROTOCOL_VIOLATION


class Error(ErrorCode):
    """The codes, with Beast's names where Beast has one.

    Each has a `message`, the `section` of the specification, the `condition` or `None`, and the
    `close_code` that the peer gets or `None` when it gets no close frame.
    """

    CLOSED = ("the connection was closed", "RFC 6455 section 7.1.4", None, None)
    IDLE_TIMEOUT = ("the peer must send something within idle_timeout", "", None, None)
    MESSAGE_TOO_BIG = (
        "a message must not be larger than read_message_max",
        "RFC 6455 section 10.4",
        None,
        CloseCode.MESSAGE_TOO_BIG,
    )
    TOO_MANY_FRAGMENTS = (
        "a message must not have more fragments than the limit",
        "RFC 6455 section 10.4",
        None,
        CloseCode.MESSAGE_TOO_BIG,
    )
    NOT_TEXT = ("the message must be text", "RFC 6455 section 5.6", None, None)
    NOT_BINARY = ("the message must be binary", "RFC 6455 section 5.6", None, None)

    BAD_HTTP_VERSION = ("the HTTP version must be 1.1", "RFC 6455 section 4.1", _HANDSHAKE, None)
    BAD_METHOD = ("the method must be GET", "RFC 6455 section 4.1", _HANDSHAKE, None)
    NO_HOST = ("the request must have a Host field", "RFC 9112 section 3.2", _HANDSHAKE, None)
    MULTIPLE_HOST = (
        "the request must have one Host field",
        "RFC 9112 section 3.2",
        _HANDSHAKE,
        None,
    )
    NO_CONNECTION = ("there must be a Connection field", "RFC 6455 section 4.1", _HANDSHAKE, None)
    NO_CONNECTION_UPGRADE = (
        "the Connection field must have the token upgrade",
        "RFC 6455 section 4.1",
        _HANDSHAKE,
        None,
    )
    NO_UPGRADE = ("there must be an Upgrade field", "RFC 6455 section 4.1", _HANDSHAKE, None)
    NO_UPGRADE_WEBSOCKET = (
        "the Upgrade field must have the token websocket",
        "RFC 6455 section 4.1",
        _HANDSHAKE,
        None,
    )
    NO_SEC_KEY = (
        "the request must have a Sec-WebSocket-Key field",
        "RFC 6455 section 4.2.1",
        _HANDSHAKE,
        None,
    )
    BAD_SEC_KEY = (
        "there must be one Sec-WebSocket-Key, the base64 form of 16 bytes",
        "RFC 6455 section 4.2.1",
        _HANDSHAKE,
        None,
    )
    NO_SEC_VERSION = (
        "the request must have a Sec-WebSocket-Version field",
        "RFC 6455 section 4.2.1",
        _HANDSHAKE,
        None,
    )
    BAD_SEC_VERSION = (
        "the Sec-WebSocket-Version must be 13",
        "RFC 6455 section 4.4",
        _HANDSHAKE,
        None,
    )
    BAD_SEC_EXTENSIONS = (
        "the Sec-WebSocket-Extensions field must be a list of extensions",
        "RFC 6455 section 9.1",
        _HANDSHAKE,
        None,
    )
    UNEXPECTED_CONTENT = (
        "an upgrade request must have no content",
        "RFC 6455 section 4.1",
        _HANDSHAKE,
        None,
    )
    NO_SEC_ACCEPT = (
        "the response must have a Sec-WebSocket-Accept field",
        "RFC 6455 section 4.2.2",
        _HANDSHAKE,
        None,
    )
    BAD_SEC_ACCEPT = (
        "there must be one Sec-WebSocket-Accept, made from the key that was sent",
        "RFC 6455 section 4.2.2",
        _HANDSHAKE,
        None,
    )
    UPGRADE_DECLINED = (
        "the status must be 101 Switching Protocols",
        "RFC 6455 section 4.1",
        _HANDSHAKE,
        None,
    )
    BAD_EXTENSION = (
        "the accepted extension must be one of those offered, with legal parameters",
        "RFC 6455 section 9.1",
        _HANDSHAKE,
        None,
    )
    MULTIPLE_EXTENSION = (
        "an extension must be accepted once",
        "RFC 6455 section 9.1",
        _HANDSHAKE,
        None,
    )
    BAD_SUBPROTOCOL = (
        "the chosen subprotocol must be one of those offered",
        "RFC 6455 section 4.1",
        _HANDSHAKE,
        None,
    )
    MULTIPLE_SUBPROTOCOL = (
        "one subprotocol must be chosen",
        "RFC 6455 section 11.3.4",
        _HANDSHAKE,
        None,
    )

    BAD_OPCODE = (
        "the opcode must be 0, 1, 2, 8, 9 or 10",
        "RFC 6455 section 5.2",
        _PROTOCOL,
        CloseCode.PROTOCOL_ERROR,
    )
    BAD_DATA_FRAME = (
        "a new message must not begin before the last fragment of the one before",
        "RFC 6455 section 5.4",
        _PROTOCOL,
        CloseCode.PROTOCOL_ERROR,
    )
    BAD_CONTINUATION = (
        "a continuation frame must continue a fragmented message",
        "RFC 6455 section 5.4",
        _PROTOCOL,
        CloseCode.PROTOCOL_ERROR,
    )
    BAD_RESERVED_BITS = (
        "the reserved bits must be zero unless an extension uses them",
        "RFC 6455 section 5.2",
        _PROTOCOL,
        CloseCode.PROTOCOL_ERROR,
    )
    BAD_CONTROL_FRAGMENT = (
        "a control frame must not be fragmented",
        "RFC 6455 section 5.5",
        _PROTOCOL,
        CloseCode.PROTOCOL_ERROR,
    )
    BAD_CONTROL_SIZE = (
        "a control frame must carry 125 bytes at most",
        "RFC 6455 section 5.5",
        _PROTOCOL,
        CloseCode.PROTOCOL_ERROR,
    )
    BAD_UNMASKED_FRAME = (
        "a frame from a client must be masked",
        "RFC 6455 section 5.1",
        _PROTOCOL,
        CloseCode.PROTOCOL_ERROR,
    )
    BAD_MASKED_FRAME = (
        "a frame from a server must not be masked",
        "RFC 6455 section 5.1",
        _PROTOCOL,
        CloseCode.PROTOCOL_ERROR,
    )
    BAD_SIZE = (
        "a payload length must be below 2^63 and in its shortest form",
        "RFC 6455 section 5.2",
        _PROTOCOL,
        CloseCode.PROTOCOL_ERROR,
    )
    BAD_FRAME_PAYLOAD = (
        "a text message must be valid UTF-8",
        "RFC 6455 section 8.1",
        _PROTOCOL,
        CloseCode.INVALID_FRAME_PAYLOAD_DATA,
    )
    BAD_COMPRESSED_PAYLOAD = (
        "a compressed message must be valid DEFLATE data",
        "RFC 7692 section 7.2.2",
        _PROTOCOL,
        CloseCode.INVALID_FRAME_PAYLOAD_DATA,
    )
    BAD_CLOSE_CODE = (
        "a close frame must have a code that may be sent",
        "RFC 6455 section 7.4",
        _PROTOCOL,
        CloseCode.PROTOCOL_ERROR,
    )
    BAD_CLOSE_SIZE = (
        "the payload of a close frame must be empty or begin with two bytes of code",
        "RFC 6455 section 5.5.1",
        _PROTOCOL,
        CloseCode.PROTOCOL_ERROR,
    )
    BAD_CLOSE_PAYLOAD = (
        "a close reason must be valid UTF-8",
        "RFC 6455 section 5.5.1",
        _PROTOCOL,
        CloseCode.PROTOCOL_ERROR,
    )

    def __init__(
        self,
        message: str,
        section: str,
        condition: Condition | None,
        close_code: CloseCode | None,
    ) -> None:
        self.message: str = message
        self.section: str = section
        self.condition: Condition | None = condition
        self.close_code: CloseCode | None = close_code


class HandshakeFailed(BeastlyError):
    """An opening handshake was refused, by the peer or by this side.

    `code` is a member of `websocket.Error`, or of `http.Error` when the peer's message could not
    be parsed. `request` and `response` are the two messages as far as they exist; a client's
    `response` is the complete one of the server, a server's the one that it sent. With
    `keep_alive` the connection stands and the handshake may be tried again on the same stream.
    """

    def __init__(
        self,
        code: ErrorCode,
        detail: str = "",
        *,
        request: Request | None = None,
        response: Response | None = None,
        keep_alive: bool = False,
    ) -> None:
        super().__init__(code, detail)
        self.request: Request | None = request
        self.response: Response | None = response
        self.keep_alive: bool = keep_alive


class _ConversationError(BeastlyError):
    """The root of what goes wrong on an open stream."""

    def __init__(self, code: Error, detail: str = "") -> None:
        super().__init__(code, detail)
        self._row = code

    @property
    def code(self) -> Error:
        """What happened, as a row of the table."""
        return self._row


class ProtocolViolation(_ConversationError):
    """The peer broke a rule of RFC 6455 and was sent the close code; the stream has failed."""


class MessageTooBig(_ConversationError):
    """The peer's message passes a limit; it was sent close code 1009, and the stream failed."""


class ConnectionClosed(_ConversationError):
    """The connection is over.

    `clean` tells whether both close frames were exchanged; `reason` is what the peer's close frame
    said, or `None` when none came: the peer vanished. `code` is `Error.CLOSED`, or
    `Error.IDLE_TIMEOUT` for a peer that was silent for too long.
    """

    def __init__(
        self,
        detail: str = "",
        *,
        reason: CloseReason | None = None,
        clean: bool = False,
        code: Error = Error.CLOSED,
    ) -> None:
        super().__init__(code, detail)
        self.reason: CloseReason | None = reason
        self.clean: bool = clean


class UnexpectedMessage(_ConversationError):
    """A text message came where a binary one was asked for, or the other way round.

    `message` is what came: nothing is lost. The stream is untouched.
    """

    def __init__(self, code: Error, message: str | bytes) -> None:
        unit = "characters" if isinstance(message, str) else "bytes"
        super().__init__(code, f"it has {len(message)} {unit}")
        self.message: str | bytes = message
