"""Who is compared: the floor, beastly on its two paths, the other libraries that are installed.

The name of a library is that of its distribution, and what a row of a table is called.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Final

from beastly import websocket
from beastly.websocket.option import Backend

__all__ = [
    "ACCELERATED",
    "BACKENDS",
    "DEADLINES",
    "IDLE_TIMEOUT",
    "ORDER",
    "PEERS",
    "PICOWS",
    "PURE",
    "RAW",
    "SIMPLE_WEBSOCKET",
    "WEBSOCKETS",
    "WEBSOCKET_CLIENT",
    "WSPROTO",
    "backends",
    "beastly",
    "environment",
    "installed",
    "missing",
]

RAW: Final = "raw"
"""The floor."""

ACCELERATED: Final = "beastly"
"""beastly as it comes, where its accelerator was built."""

PURE: Final = "beastly, pure"
"""beastly without its accelerator."""

IDLE_TIMEOUT: Final = "beastly, idle timeout"
DEADLINES: Final = "beastly, deadlines"

PICOWS: Final = "picows"
SIMPLE_WEBSOCKET: Final = "simple-websocket"
WEBSOCKETS: Final = "websockets"
WEBSOCKET_CLIENT: Final = "websocket-client"
WSPROTO: Final = "wsproto"

PEERS: Final[Mapping[str, str]] = {
    PICOWS: "picows",
    WSPROTO: "wsproto",
    WEBSOCKET_CLIENT: "websocket",
    WEBSOCKETS: "websockets",
    SIMPLE_WEBSOCKET: "simple_websocket",
}
"""The other libraries, and the module of each."""

BACKENDS: Final[Mapping[Backend, str]] = {"zlib-ng": "zlib_ng", "isal": "isal"}
"""What may compress for beastly besides zlib, and the module of each."""

ORDER: Final = (RAW, ACCELERATED, PURE, *PEERS)
"""Everybody, in the order of the tables."""


def installed() -> list[str]:
    """Return who can be measured here."""
    return [name for name in ORDER if _is_here(name)]


def backends() -> list[Backend]:
    """Return what can compress here besides zlib."""
    return [name for name, module in BACKENDS.items() if find_spec(module) is not None]


def missing() -> list[str]:
    """Return what cannot be measured here."""
    libraries = [name for name in PEERS if not _is_here(name)]
    accelerator = [] if _is_here(ACCELERATED) else ["the accelerator of beastly"]
    return [*accelerator, *libraries, *(name for name in BACKENDS if name not in backends())]


def _is_here(name: str) -> bool:
    if name == ACCELERATED:
        return websocket.ACCELERATED
    return name not in PEERS or find_spec(PEERS[name]) is not None


def beastly() -> str:
    """Return the name of beastly as a program gets it here."""
    return ACCELERATED if websocket.ACCELERATED else PURE


def environment(name: str) -> Mapping[str, str]:
    """Return the variables by which a process is told to be that one."""
    return {"BEASTLY_PURE": "1"} if name == PURE else {}
