"""The benchmarks measure what they say: they work, in small, and their arithmetic is right."""

from collections.abc import Callable

import pytest

from tests.bench.__main__ import PAGE, SECTIONS
from tests.bench.bench_handshake import handshake_table, head_pieces, parse_head
from tests.bench.endpoints import CLIENTS, SERVERS
from tests.bench.method import Plan, Samples, measure
from tests.bench.report import replace_sections, spread_note, table
from tests.bench.worker import FLOOR, links, pairs


def test_the_ratio_is_the_median_of_those_within_a_round() -> None:
    """The second round is slow for both: a ratio of medians would be another one."""
    samples = Samples({"a": [3.0, 30.0, 6.0], "floor": [1.0, 15.0, 3.0]})
    assert samples.ratio("a", "floor") == 2.0
    assert samples.cost("a") == 6e6
    assert samples.spread("a", "floor") == 0.5


def test_candidates_take_turns_with_batches_of_equal_cost() -> None:
    turns: list[str] = []

    def costs(name: str, each: float) -> Callable[[int], float]:
        def run(count: int) -> float:
            turns.append(name)
            return count * each

        return run

    plan = Plan(rounds=4, seconds=1.0)
    samples = measure({"a": costs("a", 0.5), "b": costs("b", 0.25), "c": costs("c", 1.0)}, plan)
    assert samples.ratio("a", "b") == 2.0
    assert samples.ratio("c", "b") == 4.0
    assert [sorted(turns[-3 * n :][:3]) for n in range(1, 5)] == [["a", "b", "c"]] * 4
    assert len({tuple(turns[-3 * n :][:3]) for n in range(1, 5)}) > 1


def test_a_table_is_markdown() -> None:
    assert table(["size", "16 B"], [["raw", "1.00"]]) == (
        "| size | 16 B |\n| --- | ---: |\n| raw | 1.00 |"
    )


def test_the_note_tells_the_usual_spread_and_the_worst() -> None:
    assert spread_note([0.5, 0.1, 0.2]) == (
        "Between the quartiles of a cell lie 20% of it as a rule, 50% at most."
    )


def test_sections_of_a_page_are_replaced() -> None:
    page = "# One\n<!-- a -->\nold\n<!-- end of a -->\ntext\n<!-- b -->\n<!-- end of b -->\n"
    assert replace_sections(page, {"a": r"new \1", "b": "more"}) == (
        "# One\n<!-- a -->\n\nnew \\1\n\n<!-- end of a -->\ntext\n"
        "<!-- b -->\n\nmore\n\n<!-- end of b -->\n"
    )


@pytest.mark.parametrize("page", ["", "<!-- a -->\n", "<!-- end of a -->\n"])
def test_a_page_without_the_section_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="end of a"):
        replace_sections(page, {"a": "new"})


def test_the_page_has_all_sections() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert replace_sections(page, dict.fromkeys(["machine", *SECTIONS], "new")) != page


def test_everybody_exchanges_messages_with_the_floor_and_itself() -> None:
    wanted = pairs()
    assert FLOOR in wanted
    assert {client for client, _ in wanted} == set(CLIENTS)
    assert {server for _, server in wanted} == set(SERVERS)
    with links(wanted) as connected:
        for link in connected.values():
            assert link.exchange("ping", "echo", 16, 2) > 0
            assert link.exchange("ping", "echo", 70000, 1) > 0
            assert link.exchange("push", "drain", 64, 3) > 0
            assert link.exchange("drain", "push", 300, 3) > 0
            assert link.shake_hands(2) > 0


def test_the_handshakes_in_memory_succeed() -> None:
    rows = handshake_table(Plan(rounds=2, seconds=0.001)).splitlines()
    assert [row.split(" | ")[0] for row in rows[2:5]] == [
        "| beastly, in µs",
        "| wsproto",
        "| websockets",
    ]


@pytest.mark.parametrize("size", [1024, 65536])
@pytest.mark.parametrize("chunk", [1, 1460, 65536])
def test_heads_have_the_size_that_is_measured(size: int, chunk: int) -> None:
    pieces = head_pieces(size, chunk)
    assert sum(map(len, pieces)) == size
    assert max(map(len, pieces)) == min(size, chunk)
    parse_head(pieces)
