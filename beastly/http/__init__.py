"""Floor 2: HTTP/1.1 as a handshake needs it: fields, messages, strict parsers, `read` and `write`.

It knows nothing of WebSocket. Parsing and encoding are pure; only `read` and `write` touch a
connection.
"""

from beastly.http._io import read, write
from beastly.http.error import Error, HttpError
from beastly.http.fields import Fields
from beastly.http.limits import Limits
from beastly.http.message import Request, Response
from beastly.http.parser import RequestParser, ResponseParser

__all__ = [
    "Error",
    "Fields",
    "HttpError",
    "Limits",
    "Request",
    "RequestParser",
    "Response",
    "ResponseParser",
    "read",
    "write",
]
