"""`make bench`: measures everything in a few minutes and puts the tables into docs/benchmarks.md.

Sections can be named to measure only these; `--print` leaves the page as it is.
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.bench import bench_deflate, bench_echo, bench_handshake, bench_idle, bench_time
from tests.bench.method import Plan, pin
from tests.bench.report import machine, replace_sections
from tests.bench.worker import Link, Pair, links, pairs

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "benchmarks.md"

PEERS = ("simple-websocket", "websocket-client", "websockets", "wsproto")

_Connected = Mapping[Pair, Link]

SECTIONS: Mapping[str, Callable[[_Connected, Plan], str]] = {
    "handshake": lambda _, plan: bench_handshake.handshake_table(plan),
    "head": lambda _, plan: bench_handshake.head_table(plan),
    "connection": bench_handshake.connection_table,
    "echo": bench_echo.echo_tables,
    "stream": bench_echo.stream_table,
    "memory": lambda _, plan: bench_echo.memory_table(),
    "time": lambda _, plan: bench_time.time_table(plan),
    "idle": lambda _, plan: bench_idle.idle_table(),
    "deflate": lambda _, plan: bench_deflate.deflate_table(plan),
    "settings": lambda _, plan: bench_deflate.deflate_settings_table(plan),
    "codecs": lambda _, plan: bench_deflate.deflate_memory_table(),
}


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("section", nargs="*", help=f"of: {', '.join(SECTIONS)}")
    parser.add_argument("--print", action="store_true", help="do not touch the page")
    parser.add_argument("--rounds", type=int, default=Plan.rounds)
    arguments = parser.parse_args()
    wanted: list[str] = arguments.section or list(SECTIONS)
    if unknown := set(wanted) - set(SECTIONS):
        parser.error(f"there is no section {', '.join(sorted(unknown))}")

    plan = Plan(rounds=arguments.rounds)
    placement = pin()
    tables = {"machine": f"{machine(PEERS)}; {placement}, {plan.rounds} rounds."}
    print(tables["machine"], flush=True)
    with links(pairs()) as connected:
        for name in wanted:
            tables[name] = SECTIONS[name](connected, plan)
            print(f"\n{name}\n\n{tables[name]}", flush=True)
    if not arguments.print:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(replace_sections(page, tables), encoding="utf-8")


if __name__ == "__main__":
    main()
