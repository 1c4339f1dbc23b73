"""Floor 3 and 4: WebSocket streams (RFC 6455), their options, their errors.

`Stream` is the blocking shell; everything below it is pure.
"""

from beastly.core import BeastlyError, Busy, OperationAborted, Role, TimedOut
from beastly.http import Request as request_type
from beastly.http import Response as response_type
from beastly.websocket._codec import ACCELERATED
from beastly.websocket._handshake import choose_subprotocol, is_upgrade, upgrade_error
from beastly.websocket._status import Status
from beastly.websocket._teardown import teardown
from beastly.websocket.error import (
    Condition,
    ConnectionClosed,
    Error,
    HandshakeFailed,
    MessageTooBig,
    ProtocolViolation,
    UnexpectedMessage,
)
from beastly.websocket.option import (
    Decorator,
    PermessageDeflate,
    PermessageDeflateStatus,
    Timeout,
)
from beastly.websocket.rfc6455 import CloseCode, CloseReason, FrameType, Opcode, accept_key
from beastly.websocket.stream import Stream

__all__ = [
    "ACCELERATED",
    "BeastlyError",
    "Busy",
    "CloseCode",
    "CloseReason",
    "Condition",
    "ConnectionClosed",
    "Decorator",
    "Error",
    "FrameType",
    "HandshakeFailed",
    "MessageTooBig",
    "Opcode",
    "OperationAborted",
    "PermessageDeflate",
    "PermessageDeflateStatus",
    "ProtocolViolation",
    "Role",
    "Status",
    "Stream",
    "TimedOut",
    "Timeout",
    "UnexpectedMessage",
    "accept_key",
    "choose_subprotocol",
    "is_upgrade",
    "request_type",
    "response_type",
    "teardown",
    "upgrade_error",
]
