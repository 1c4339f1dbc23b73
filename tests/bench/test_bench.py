"""The benchmarks measure what they say: they work, in small, and their arithmetic is right."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bench.bench_echo import (
    echo_tables,
    measure_echo,
    measure_memory,
    measure_stream,
    memory_table,
    stream_table,
)
from tests.bench.bench_handshake import (
    connection_table,
    handshake_table,
    head_pieces,
    head_table,
    measure_connection,
    measure_handshake,
    measure_head,
    parse_head,
)
from tests.bench.bench_idle import idle_table, measure_idle
from tests.bench.bench_import import import_table, measure_import
from tests.bench.bench_time import measure_time, time_table
from tests.bench.endpoints import CLIENTS, CLIENTS_OVER, SERVERS, SERVERS_OVER
from tests.bench.libraries import (
    ACCELERATED,
    BACKENDS,
    ORDER,
    PEERS,
    PURE,
    RAW,
    WEBSOCKET_CLIENT,
    beastly,
    environment,
    installed,
    missing,
)
from tests.bench.machine import circumstances
from tests.bench.method import Cost, Plan, Samples, measure, timed
from tests.bench.record import load
from tests.bench.worker import Link, Pair, Side, links, pairs

_TINY = Plan(budget=0, rounds=2, batch=0.0001)

_Connected = dict[Pair, Link]


@pytest.fixture(scope="module")
def connected() -> Iterator[_Connected]:
    with links(pairs(installed())) as opened:
        yield dict(opened)


def _first_cells(tables: str) -> list[str]:
    return [line.split(" | ")[0].lstrip("| ") for line in tables.splitlines() if "|" in line]


def test_the_ratio_is_the_median_of_those_within_a_round() -> None:
    """The second round is slow for both: a ratio of medians would be another one."""
    rounds = {"a": [3.0, 30.0, 6.0], "floor": [1.0, 15.0, 3.0]}
    samples = Samples(rounds, {"a": [4.0, 4.0, 4.0], "floor": [1.0, 2.0, 4.0]})
    assert samples.ratio("a", "floor") == 2.0
    assert samples.wall_ratio("a", "floor") == 2.0
    assert samples.excess("a", "floor") == 3.0
    assert samples.wall_excess("a", "floor") == 2.0
    assert samples.cost("a") == 6.0
    assert samples.spread("a", "floor") == 0.5


def test_candidates_take_turns_with_batches_of_equal_cost() -> None:
    turns: list[str] = []

    def costs(name: str, each: float) -> Callable[[int], Cost]:
        def run(count: int) -> Cost:
            turns.append(name)
            return Cost(count * each, count * each * 2)

        return run

    candidates = {"a": costs("a", 0.5), "b": costs("b", 0.25), "c": costs("c", 1.0)}
    samples = measure(candidates, Plan(rounds=4, batch=1.0))
    assert samples.cost("a") == 0.5e6
    assert samples.ratio("a", "b") == 2.0
    assert samples.ratio("c", "b") == 4.0
    assert samples.wall_ratio("c", "b") == 4.0
    assert samples.walls["a"] == [1e6] * 4
    assert [sorted(turns[-3 * n :][:3]) for n in range(1, 5)] == [["a", "b", "c"]] * 4
    assert len({tuple(turns[-3 * n :][:3]) for n in range(1, 5)}) > 1


def test_rounds_end_with_the_budget_but_there_are_three() -> None:
    samples = measure({"a": lambda count: Cost(1.0, 1.0)}, Plan(budget=0, rounds=9))
    assert samples.costs == {"a": [1e6] * 3}


def test_a_part_of_a_plan_has_a_share_of_the_time() -> None:
    assert Plan(budget=8, rounds=5, batch=0.5).part(0.25) == Plan(budget=2, rounds=5, batch=0.5)


def test_what_is_timed_runs_as_often_as_told() -> None:
    ran: list[None] = []
    cost = timed(lambda: ran.append(None))(3)
    assert len(ran) == 3
    assert min(cost) >= 0


def test_everybody_is_measured_or_named_as_missing() -> None:
    named = [*installed(), *missing()]
    assert {name for name in ORDER if name != ACCELERATED} <= {*named}
    assert (ACCELERATED in named) != ("the accelerator of beastly" in named)
    assert beastly() in installed()
    known = circumstances("here", 0.5, 1.0)
    assert set(known.versions) | set(known.missing) >= {*PEERS, *BACKENDS, "beastly"}


def test_only_the_pure_path_is_told_by_the_environment() -> None:
    assert [name for name in ORDER if environment(name)] == [PURE]


def test_each_library_is_paired_with_itself_and_with_the_floor() -> None:
    assert pairs([RAW, "wsproto", "websocket-client"]) == [
        Pair(RAW, RAW),
        Pair("wsproto", "wsproto"),
        Pair("wsproto", RAW),
        Pair("websocket-client", RAW),
        Pair(RAW, "wsproto"),
    ]


def test_each_row_of_beastly_takes_its_path(connected: _Connected) -> None:
    for pair, link in connected.items():
        for name, worker in ((pair.client, link.client), (pair.server, link.server)):
            if name in (ACCELERATED, PURE):
                assert worker.tell(Side.accelerated).get() == (name == ACCELERATED)


def test_everybody_exchanges_messages(connected: _Connected) -> None:
    assert {pair.client for pair in connected} == set(CLIENTS) & set(installed())
    assert {pair.server for pair in connected} == set(SERVERS) & set(installed())
    for link in connected.values():
        assert link.exchange("ping", "echo", 16, 2).cpu > 0
        assert link.exchange("ping", "echo", 70000, 1).cpu > 0
        assert link.exchange("push", "drain", 64, 3).cpu > 0
        assert link.exchange("drain", "push", 300, 3).wall > 0


def test_messages_that_fill_the_buffers_of_the_kernel_arrive(connected: _Connected) -> None:
    for link in [link for pair, link in connected.items() if pair.client == pair.server]:
        assert link.exchange("ping", "echo", 8 * 1024 * 1024, 1).cpu > 0


def test_echoes_and_streams(connected: _Connected) -> None:
    section = measure_echo(connected, _TINY, {"16 B": 16, "1 KiB": 1024})
    tables = echo_tables(section)
    servers = [name for name in installed() if name in SERVERS and name != RAW]
    clients = [name for name in installed() if name != RAW]
    head = ["---", "raw, in µs"]
    assert _first_cells(tables) == [
        *("both sides", *head, *servers),
        *("client", *head, *clients),
        *("server", *head, *servers),
    ]
    table = stream_table(measure_stream(connected, _TINY))
    assert _first_cells(table) == ["64 B", *head, *clients]


def test_handshakes_and_connections(connected: _Connected) -> None:
    rows = _first_cells(handshake_table(measure_handshake(connected, _TINY)))
    over = [name for name in installed() if name in {*CLIENTS_OVER, *SERVERS_OVER}]
    assert rows[2:] == ["raw, in µs", *(name for name in over if name != RAW)]
    tables = connection_table(measure_connection(connected, _TINY))
    assert _first_cells(tables)[3:] == [name for name in installed() if name != RAW]
    assert "Connections a second with both sides on one core: raw " in tables


@pytest.mark.parametrize("size", [1024, 65536])
@pytest.mark.parametrize("chunk", [1, 1460, 65536])
def test_heads_have_the_size_that_is_measured(size: int, chunk: int) -> None:
    pieces = head_pieces(size, chunk)
    assert sum(map(len, pieces)) == size
    assert max(map(len, pieces)) == min(size, chunk)
    parse_head(pieces)


def test_heads() -> None:
    rows = _first_cells(head_table(measure_head(_TINY)))
    assert rows == ["µs per KiB", "---", "whole", "1460 bytes", "1 byte"]


def test_idle_connections_take_a_descriptor_each() -> None:
    section = measure_idle(3, [PURE])
    assert section.values["server: descriptors"] == {PURE: 1}
    assert section.values["server: threads"] == {PURE: 1}
    assert section.values["client: descriptors"] == {PURE: 1}
    assert section.values["client: threads"] == {PURE: 0}
    assert _first_cells(idle_table(section))[2:] == [PURE]


def test_imports_bring_in_modules() -> None:
    section = measure_import(_TINY)
    modules = section.values["modules"]
    assert modules["bare Python"] < modules["socket alone"] < modules[beastly()]
    rows = _first_cells(import_table(section))
    peers = [name for name in installed() if name in PEERS]
    assert rows[2:] == ["socket alone", beastly(), *peers]


def test_a_large_message_takes_memory() -> None:
    section = measure_memory([WEBSOCKET_CLIENT])
    assert section.values["client reads"][WEBSOCKET_CLIENT] > 0.9
    assert section.values["server reads"] == {}
    assert _first_cells(memory_table(section))[2:] == [WEBSOCKET_CLIENT]


def test_time_limits() -> None:
    rows = _first_cells(time_table(measure_time(_TINY)))
    assert rows[2:] == ["beastly, in µs", "beastly, idle timeout", "beastly, deadlines"]


def test_a_run_prints_its_tables_and_keeps_its_samples(tmp_path: Path) -> None:
    output = tmp_path / "build" / "bench.json"
    command = [sys.executable, "-m", "tests.bench", "head", "--scale", "0.001"]
    ran = subprocess.run(
        [*command, "--output", str(output)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.startswith("The floor is the row `raw`.")
    assert "| µs per KiB | 1 KiB | 4 KiB | 16 KiB | 64 KiB |" in ran.stdout
    run = load(output)
    assert head_table(run.sections["head"]) in ran.stdout
    assert run.circumstances.seconds > 0


def test_a_section_that_is_none_is_refused() -> None:
    command = [sys.executable, "-m", "tests.bench", "heads"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "there is no section heads" in ran.stderr
