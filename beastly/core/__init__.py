"""Floor 1: errors, roles, deadlines, the receive buffer and the border to the transport.

It knows neither HTTP nor WebSocket.
"""

from beastly.core.buffer import Buffer, Buffers, ReceiveBuffer, gather
from beastly.core.deadline import Deadline
from beastly.core.error import BeastlyError, Busy, Error, ErrorCode, OperationAborted, TimedOut
from beastly.core.layer import ForwardingLayer, Layer, layer_over
from beastly.core.role import Role

__all__ = [
    "BeastlyError",
    "Buffer",
    "Buffers",
    "Busy",
    "Deadline",
    "Error",
    "ErrorCode",
    "ForwardingLayer",
    "Layer",
    "OperationAborted",
    "ReceiveBuffer",
    "Role",
    "TimedOut",
    "gather",
    "layer_over",
]
