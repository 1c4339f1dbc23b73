"""Frames by hand, and a receiving machine driven as a stream would drive it."""

from collections.abc import Iterable
from typing import TypeAlias

from beastly.core import ReceiveBuffer, Role
from beastly.websocket._receive import ControlFrame, Receiver
from beastly.websocket.error import Error, MessageTooBig, ProtocolViolation
from beastly.websocket.rfc6455 import Opcode

__all__ = ["Event", "close", "deliver", "events_of", "frame", "ping", "pong", "put", "receiver"]

Event: TypeAlias = str | bytes | ControlFrame | Error
"""What came of bytes: a message, a control frame, or the code of a fault."""

RECEIVE_SIZE = 65536 + 14


def frame(first: int, payload: bytes = b"", key: bytes = b"") -> bytes:
    """One frame: its first byte, the shortest length, the key if there is one, the payload."""
    size = len(payload)
    if size < 126:
        length = bytes([size])
    elif size < 65536:
        length = b"\x7e" + size.to_bytes(2, "big")
    else:
        length = b"\x7f" + size.to_bytes(8, "big")
    if not key:
        return bytes([first]) + length + payload
    masked = bytes(octet ^ key[index % 4] for index, octet in enumerate(payload))
    return bytes([first, length[0] | 0x80]) + length[1:] + key + masked


def ping(payload: bytes = b"") -> ControlFrame:
    return ControlFrame(Opcode.PING, payload)


def pong(payload: bytes = b"") -> ControlFrame:
    return ControlFrame(Opcode.PONG, payload)


def close(payload: bytes = b"") -> ControlFrame:
    return ControlFrame(Opcode.CLOSE, payload)


def receiver(
    role: Role = Role.CLIENT,
    data: bytes = b"",
    *,
    message_max: int = 16 * 1024 * 1024,
    fragments_max: int = 131072,
) -> Receiver:
    """A machine with `data` in its buffer. A client's by default: frames need no mask then."""
    return Receiver(
        role, ReceiveBuffer(data), message_max=message_max, fragments_max=fragments_max
    )


def put(machine: Receiver, data: bytes) -> None:
    """Put `data` into the window of `machine`, as a layer that receives into it."""
    with machine.window() as window:
        window[: len(data)] = data
    machine.commit(len(data))


def deliver(machine: Receiver, data: bytes) -> list[Event]:
    """Bring `data` as a socket would, and return what comes of it, up to the first fault."""
    events: list[Event] = []
    try:
        while True:
            item = machine.message()
            if item is not None:
                events.append(item)
            elif not data:
                return events
            elif machine.window_size:
                count = min(machine.window_size, len(data))
                put(machine, data[:count])
                data = data[count:]
            else:
                machine.buffer.feed(data[:RECEIVE_SIZE])
                data = data[RECEIVE_SIZE:]
    except (ProtocolViolation, MessageTooBig) as error:
        events.append(error.code)
        return events


def events_of(pieces: Iterable[bytes], machine: Receiver | None = None) -> list[Event]:
    """Deliver each of `pieces`, and return all that comes of them, up to the first fault."""
    machine = receiver() if machine is None else machine
    events: list[Event] = []
    for piece in pieces:
        events += deliver(machine, piece)
        if events and isinstance(events[-1], Error):
            break
    return events
