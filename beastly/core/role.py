"""Which end of the connection a stream is. It knows nothing of what either end may do."""

from enum import Enum

__all__ = ["Role"]


class Role(Enum):
    """The end of a connection that a stream speaks for.

    The client sends the upgrade request and masks its frames, the server answers and does not
    (RFC 6455 sections 4.1, 4.2 and 5.1). At the end the server closes the connection first
    (section 7.1.1).
    """

    CLIENT = "client"
    SERVER = "server"
