"""An echo client for the Autobahn suite: runs every case of the fuzzing server that it is told of.

The server's URL is in the environment variable FUZZING_URL.
"""

import os
import socket
from urllib.parse import urlsplit

from beastly import websocket

AGENT = "beastly"
MESSAGE_MAX = 32 * 1024 * 1024
REPORT_TIMEOUT = 60.0


def connect(url: str, target: str) -> websocket.Stream[socket.socket]:
    """Return an open stream to the fuzzing server."""
    parts = urlsplit(url)
    stream = websocket.Stream(socket.create_connection((parts.hostname, parts.port)))
    stream.read_message_max = MESSAGE_MAX
    stream.set_option(websocket.PermessageDeflate(client_enable=True))
    # The server writes its reports before it answers.
    stream.handshake(parts.netloc, target, timeout=REPORT_TIMEOUT)
    return stream


def run_case(url: str, case: int) -> None:
    """Echo until the case is over; how it ends is for the suite to judge."""
    with connect(url, f"/runCase?case={case}&agent={AGENT}") as stream:
        try:
            for message in stream:
                stream.write(message)
        except (websocket.BeastlyError, OSError):
            return


def main() -> None:
    """Run all cases and have the report written."""
    url = os.environ["FUZZING_URL"]
    with connect(url, "/getCaseCount") as stream:
        count = int(stream.read_text())
    for case in range(1, count + 1):
        run_case(url, case)
    with connect(url, f"/updateReports?agent={AGENT}"):
        pass


if __name__ == "__main__":
    main()
