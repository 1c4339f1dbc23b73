"""What an import costs: the start of an interpreter that does it, above one that does nothing."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Final

from tests.bench.libraries import (
    ORDER,
    PEERS,
    WEBSOCKETS,
    beastly,
    installed,
)
from tests.bench.method import Cost, Plan, measure
from tests.bench.record import Section
from tests.bench.report import table

__all__ = ["BARE", "COLUMN", "import_table", "measure_import"]

BARE: Final = "bare Python"
COLUMN: Final = "import"
_SOCKET: Final = "socket alone"
_MODULES: Final = "modules"

_STATEMENTS: Final[Mapping[str, str]] = {
    **{name: f"import {module}" for name, module in PEERS.items()},
    # Its package brings in what is asked for, not before.
    WEBSOCKETS: "import websockets.sync.client, websockets.sync.server",
}

_COUNT_MODULES: Final = "import sys; print(len(sys.modules))"


def measure_import(plan: Plan) -> Section:
    """Measure whole processes, each with one import."""
    here = installed()
    statements = {
        BARE: "",
        _SOCKET: "import socket",
        beastly(): "import beastly.websocket",
        **{name: statement for name, statement in _STATEMENTS.items() if name in here},
    }
    columns = {COLUMN: measure({n: _process(s) for n, s in statements.items()}, plan)}
    modules = {name: _modules(statement) for name, statement in statements.items()}
    return Section(columns, {_MODULES: modules})


def _process(statement: str) -> Callable[[int], Cost]:
    def run(count: int) -> Cost:
        begin = time.perf_counter()
        cpu = sum(_start(statement) for _ in range(count))
        return Cost(cpu, time.perf_counter() - begin)

    return run


def _start(statement: str) -> float:
    """Run a statement in an interpreter; return the CPU seconds of that."""
    arguments = [sys.executable, "-c", statement]
    child = os.posix_spawn(sys.executable, arguments, _environment())
    _, status, usage = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"{statement!r} has failed")
    return usage.ru_utime + usage.ru_stime


def _environment() -> dict[str, str]:
    """Return the environment of a process that finds its modules compiled, as once installed.

    The first one compiles them, which is before anything is measured.
    """
    kept = dict(os.environ)
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept


def _modules(statement: str) -> int:
    """Return how many modules an interpreter has loaded after a statement."""
    command = [sys.executable, "-c", f"{statement}\n{_COUNT_MODULES}"]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def import_table(section: Section) -> str:
    """Return a table in milliseconds above a bare interpreter."""
    samples, modules = section.columns[COLUMN], section.values[_MODULES]
    rows = [
        [
            name,
            f"{samples.excess(name, BARE) / 1000:.1f}",
            f"{samples.wall_excess(name, BARE) / 1000:.1f}",
            f"{modules[name] - modules[BARE]:.0f}",
        ]
        for name in (_SOCKET, *ORDER)
        if name in samples.costs
    ]
    note = f"A bare interpreter takes {samples.cost(BARE) / 1000:.1f} ms of CPU time."
    return f"{table(['', 'ms of CPU time', 'ms', 'modules'], rows)}\n\n{note}"
