"""What idle connections cost: memory, threads and descriptors of each, on either side."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tests.bench.endpoints import CLIENTS, SERVERS_OVER
from tests.bench.libraries import ORDER, environment, installed
from tests.bench.record import Section
from tests.bench.report import table

__all__ = ["SERVER_MEMORY", "idle_table", "measure_idle"]

COUNT = 500

SERVER_MEMORY = "server: kB"

_UNITS = {"kB": "bytes", "threads": "threads", "descriptors": "descriptors"}

_Usage = Mapping[str, int]


def measure_idle(count: int = COUNT, names: Sequence[str] = ()) -> Section:
    """Open many connections with each of `names`, or everybody, and tell what one takes."""
    values: dict[str, dict[str, float]] = {}
    for name in names or installed():
        if name in CLIENTS and name in SERVERS_OVER:
            server, client = _measure(name, count)
            for side, usage in (("server", server), ("client", client)):
                for unit, key in _UNITS.items():
                    each = usage[key] / count
                    values.setdefault(f"{side}: {unit}", {})[name] = each / (
                        1000 if unit == "kB" else 1
                    )
    return Section(values=values)


def idle_table(section: Section) -> str:
    """Return a table with both sides."""
    rows = [
        [
            name,
            *(
                f"{column[name]:.1f}" if title.endswith("kB") else f"{column[name]:.0f}"
                for title, column in section.values.items()
            ),
        ]
        for name in ORDER
        if name in section.values[SERVER_MEMORY]
    ]
    note = (
        f"{COUNT} connections over the loopback, each library against itself; what one of them adds"
        " to the process. Each connection of a server has a thread of the program's own, which"
        " waits for a message and is most of its memory."
    )
    return f"{table(['', *section.values], rows)}\n\n{note}"


def _measure(name: str, count: int) -> tuple[_Usage, _Usage]:
    with _worker(name, "server") as server:
        port = _line(server)
        with _worker(name, "client", str(count), port) as client:
            # Each has its first connection now, which is not counted.
            _line(client)
            _tell(server)
            _line(server)
            _tell(client)
            taken_by_client: _Usage = json.loads(_line(client))
            _tell(server)
            taken_by_server: _Usage = json.loads(_line(server))
            # It ends before its clients do, so that none of its threads sees an end.
            server.wait()
    return taken_by_server, taken_by_client


@contextmanager
def _worker(name: str, role: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "tests.bench.idle_worker", role, name, *arguments]
    variables = {**os.environ, **environment(name)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=variables) as process:
        try:
            yield process
        finally:
            # It may have ended by itself.
            process.communicate("\n")


def _tell(process: "subprocess.Popen[str]") -> None:
    if process.stdin is not None:
        process.stdin.write("\n")
        process.stdin.flush()


def _line(process: "subprocess.Popen[str]") -> str:
    return "" if process.stdout is None else process.stdout.readline().strip()
