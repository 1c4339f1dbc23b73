"""An echo server for the Autobahn suite: sends every message back as it came, a thread each.

Prints its URL once it listens, and runs until it is ended.
"""

import argparse
import socket
import threading

from beastly import websocket

MESSAGE_MAX = 32 * 1024 * 1024


def echo(sock: socket.socket) -> None:
    """Serve one connection to its end; what the suite does to it is no news."""
    with websocket.Stream(sock) as stream:
        stream.read_message_max = MESSAGE_MAX
        stream.set_option(websocket.PermessageDeflate(server_enable=True))
        try:
            stream.accept()
            for message in stream:
                stream.write(message)
        except (websocket.BeastlyError, OSError):
            return


def main() -> None:
    """Listen on the loopback."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    with socket.create_server(("127.0.0.1", parser.parse_args().port)) as listener:
        print(f"ws://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=echo, args=(sock,), daemon=True).start()


if __name__ == "__main__":
    main()
