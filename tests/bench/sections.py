"""The sections of a run: how each is measured, how it is told, and how long it may take."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.bench import (
    bench_deflate,
    bench_echo,
    bench_handshake,
    bench_idle,
    bench_import,
    bench_time,
)
from tests.bench.method import Plan
from tests.bench.record import Section
from tests.bench.worker import Link, Pair

__all__ = ["DEFLATE", "ECHO", "HANDSHAKE", "IDLE", "IMPORT", "SECTIONS", "STREAM", "Connected"]

Connected = Mapping[Pair, Link]

ECHO: Final = "echo"
STREAM: Final = "stream"
HANDSHAKE: Final = "handshake"
IDLE: Final = "idle"
IMPORT: Final = "import"
DEFLATE: Final = "deflate"


@dataclass(frozen=True)
class _Kind:
    """A section: what measures it, what makes tables of it, and its seconds on the wall.

    One without seconds measures once, and takes what it takes: less than twenty of them. What is
    linked wants connections between all pairs of processes.
    """

    measure: Callable[[Connected, Plan], Section]
    tell: Callable[[Section], str]
    seconds: float = 0.0
    linked: bool = False


SECTIONS: Final[Mapping[str, _Kind]] = {
    ECHO: _Kind(bench_echo.measure_echo, bench_echo.echo_tables, 90, True),
    STREAM: _Kind(bench_echo.measure_stream, bench_echo.stream_table, 16, True),
    HANDSHAKE: _Kind(
        bench_handshake.measure_handshake, bench_handshake.handshake_table, 14, True
    ),
    "connection": _Kind(
        bench_handshake.measure_connection, bench_handshake.connection_table, 12, True
    ),
    "head": _Kind(
        lambda _, plan: bench_handshake.measure_head(plan), bench_handshake.head_table, 6
    ),
    IDLE: _Kind(lambda _, __: bench_idle.measure_idle(), bench_idle.idle_table),
    IMPORT: _Kind(
        lambda _, plan: bench_import.measure_import(plan), bench_import.import_table, 14
    ),
    "memory": _Kind(lambda _, __: bench_echo.measure_memory(), bench_echo.memory_table),
    "time": _Kind(lambda _, plan: bench_time.measure_time(plan), bench_time.time_table, 10),
    DEFLATE: _Kind(
        lambda _, plan: bench_deflate.measure_deflate(plan), bench_deflate.deflate_table, 14
    ),
    "settings": _Kind(
        lambda _, plan: bench_deflate.measure_settings(plan), bench_deflate.settings_table, 10
    ),
    "codecs": _Kind(lambda _, __: bench_deflate.measure_codecs(), bench_deflate.codecs_table),
}
