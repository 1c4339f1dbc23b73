"""What idle connections cost: memory, threads and descriptors of each, on either side."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from tests.bench.report import table

__all__ = ["idle_table"]

COUNT = 500
NAMES = ("raw", "beastly", "websockets")

_Usage = Mapping[str, int]


def idle_table() -> str:
    """Open many connections with each library, and say what one of them takes."""
    rows = []
    for name in NAMES:
        server, client = _measure(name)
        rows.append([name, *_cells(server), *_cells(client)])
    units = ["kB", "threads", "descriptors"]
    head = ["", *(f"server: {unit}" for unit in units), *(f"client: {unit}" for unit in units)]
    note = (
        f"{COUNT} connections over the loopback, each library against itself; what one of them adds"
        " to the process. The servers of raw and beastly run a thread of the program's own for each"
        " connection, which is most of their memory."
    )
    return f"{table(head, rows)}\n\n{note}"


def _cells(usage: _Usage) -> list[str]:
    return [
        f"{usage['bytes'] / COUNT / 1000:.1f}",
        f"{usage['threads'] / COUNT:.0f}",
        f"{usage['descriptors'] / COUNT:.0f}",
    ]


def _measure(name: str) -> tuple[_Usage, _Usage]:
    with _worker("server", name) as server:
        port = _line(server)
        with _worker("client", name, str(COUNT), port) as client:
            taken_by_client: _Usage = json.loads(_line(client))
            _tell(server)
            taken_by_server: _Usage = json.loads(_line(server))
    return taken_by_server, taken_by_client


@contextmanager
def _worker(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "tests.bench.idle_worker", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield process
        finally:
            # A server has ended by itself, before its clients.
            with suppress(BrokenPipeError):
                _tell(process)


def _tell(process: "subprocess.Popen[str]") -> None:
    if process.stdin is not None:
        process.stdin.write("\n")
        process.stdin.flush()


def _line(process: "subprocess.Popen[str]") -> str:
    return "" if process.stdout is None else process.stdout.readline().strip()
