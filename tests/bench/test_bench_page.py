"""A run becomes a page and a chart, exactly; it comes out of its file as it went in."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pytest

from tests.bench.aims import AIMS, REASONS, aims_tables, missed_list, reached, read_reasons
from tests.bench.bench_deflate import codecs_table, settings_table
from tests.bench.bench_echo import echo_tables, memory_table, stream_table
from tests.bench.bench_handshake import connection_table
from tests.bench.bench_idle import idle_table
from tests.bench.bench_import import import_table
from tests.bench.chart import line_chart
from tests.bench.method import Samples
from tests.bench.page import PAGE, echo_chart, page_sections
from tests.bench.record import Circumstances, Run, Section, load, save
from tests.bench.report import circumstances_note, replace_sections, spread_note, table
from tests.bench.sections import SECTIONS

_CIRCUMSTANCES: Final = Circumstances(
    date="2026-01-02 03:04 UTC",
    seconds=250.4,
    processor="A processor",
    cores=2,
    load=0.25,
    system="Linux 6",
    python="CPython 3.11.7",
    placement="all processes on one core",
    versions={"beastly": "1.2", "wsproto": "3"},
    missing=["picows"],
)


def _samples(**ratios: float) -> Samples:
    """Return three rounds in which the floor took 10, 20 and 30 µs, and each pair its multiple."""
    rounds = {"raw > raw": [10.0, 20.0, 30.0]}
    for name, ratio in ratios.items():
        library = name.replace("_", ", ")
        rounds[f"{library} > {library}"] = [cost * ratio for cost in (10, 20, 30)]
    return Samples(rounds, rounds)


_ECHO: Final = Section(
    {"16 B": _samples(beastly=1.2, beastly_pure=1.5), "1 MiB": _samples(beastly=2, wsproto=20)}
)
_RUN: Final = Run(_CIRCUMSTANCES, {"echo": _ECHO})


def test_a_table_is_markdown() -> None:
    assert table(["size", "16 B"], [["raw", "1.00"]]) == (
        "| size | 16 B |\n| --- | ---: |\n| raw | 1.00 |"
    )


def test_the_note_tells_the_usual_spread_and_the_worst() -> None:
    assert spread_note([0.5, 0.1, 0.2]) == (
        "Between the quartiles of a cell lie 20% of it as a rule, 50% at most."
    )


def test_the_machine_is_told() -> None:
    assert circumstances_note(_CIRCUMSTANCES) == (
        "2026-01-02 03:04 UTC. A processor, 2 cores, load 0.2 before; Linux 6; CPython 3.11.7; all"
        " processes on one core. beastly 1.2, wsproto 3. Not installed there: picows. The run took"
        " 250 seconds."
    )
    everybody = circumstances_note(replace(_CIRCUMSTANCES, missing=[]))
    assert "wsproto 3. The run" in everybody


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


def test_the_page_has_all_sections_and_the_chart() -> None:
    page = PAGE.read_text(encoding="utf-8")
    names = ["machine", "aims", "missed", *SECTIONS]
    replaced = replace_sections(page, dict.fromkeys(names, "new"))
    assert replaced.count("\nnew\n") == len(names)
    assert replaced.count("<!-- ") == 2 * len(names)
    assert f"]({PAGE.stem}.svg)" in page


def test_a_run_that_is_not_whole_makes_no_page() -> None:
    with pytest.raises(ValueError, match="this one has no stream, handshake, "):
        page_sections(_RUN, {})


def test_a_run_comes_out_of_its_file_as_it_went_in(tmp_path: Path) -> None:
    path = tmp_path / "build" / "bench.json"
    run = Run(_CIRCUMSTANCES, {"echo": _ECHO, "idle": Section(values={"kB": {"raw": 1.5}})})
    save(run, path)
    assert load(path) == run


def test_samples_are_kept_to_the_nanosecond(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    samples = Samples({"raw": [1.23456]}, {"raw": [2.0]})
    save(Run(_CIRCUMSTANCES, {"echo": Section({"16 B": samples})}), path)
    assert load(path).sections["echo"].columns["16 B"].costs == {"raw": [1.235]}


def test_tables_have_a_row_for_each_library() -> None:
    tables = echo_tables(_ECHO).split("\n\n")
    assert tables[0] == (
        "| both sides | 16 B | 1 MiB |\n"
        "| --- | ---: | ---: |\n"
        "| raw, in µs | 20.0 | 20.0 |\n"
        "| beastly | 1.20 (1.20) | 2.00 (2.00) |\n"
        "| beastly, pure | 1.50 (1.50) |  |\n"
        "| wsproto |  | 20.00 (20.00) |"
    )
    assert tables[1:] == [
        "| client | 16 B | 1 MiB |\n| --- | ---: | ---: |\n| raw, in µs | 20.0 | 20.0 |",
        "| server | 16 B | 1 MiB |\n| --- | ---: | ---: |\n| raw, in µs | 20.0 | 20.0 |",
        "Between the quartiles of a cell lie 0% of it as a rule, 0% at most.",
    ]


def test_a_stream_has_a_column_for_each_side_and_way() -> None:
    first, second, third, *_ = stream_table(Section({"here": _samples(wsproto=3)})).splitlines()
    assert first == "| 64 B | here: both sides | here: client | here: server |"
    assert third == "| raw, in µs | 20.0 | 20.0 | 20.0 |"
    assert second.count("---") == 4


def test_connections_are_told_by_the_second() -> None:
    told = connection_table(Section({"connection": _samples(wsproto=2.5)}))
    assert "| wsproto | 2.50 (2.50) |  |  |" in told
    assert told.endswith("both sides on one core: raw 50000; wsproto 20000.")


def test_values_that_were_measured_once_are_told() -> None:
    idle = Section(values={"server: kB": {"raw": 20.04}, "server: threads": {"raw": 1.004}})
    assert "| raw | 20.0 | 1 |" in idle_table(idle)
    memory = Section(values={"client reads": {"wsproto": 2.0}, "server reads": {}})
    assert memory_table(memory).endswith("| wsproto | 2.00 |  |")
    codecs = Section(values={"after 1 KiB": {"compressed": 59.44}})
    assert "| compressed | 59.4 |" in codecs_table(codecs)
    costs = Samples({"level 1": [14.2] * 2}, {"level 1": [14.2] * 2})
    settings = Section({"1 KiB": costs}, {"1 KiB": {"level 1": 0.2331}})
    assert settings_table(settings).endswith("| level 1 | 14 | 23.3% |")


def test_an_import_is_told_above_that_of_nothing() -> None:
    rounds = {"bare Python": [9000.0, 11000.0], "socket alone": [16000.0, 19000.0]}
    modules = {"bare Python": 30.0, "socket alone": 49.0}
    told = import_table(Section({"import": Samples(rounds, rounds)}, {"modules": modules}))
    assert "| socket alone | 7.5 | 7.5 | 19 |" in told
    assert told.endswith("A bare interpreter takes 10.0 ms of CPU time.")


def _everything() -> Run:
    """Return a run in which everything that has an aim was measured; some aims are met."""
    pairs = {"bare Python": [10000.0] * 2, "beastly": [50000.0] * 2}
    echoes = {"websockets, compressed": [2.0] * 2, "beastly, compressed by isal": [0.5] * 2}
    return Run(
        _CIRCUMSTANCES,
        {
            "echo": _ECHO,
            "stream": Section({"client to server": _samples(beastly_pure=1.9)}),
            "handshake": Section({"handshake": _samples(beastly_pure=2.41)}),
            "idle": Section(values={"server: kB": {"raw": 20.0, "beastly, pure": 22.5}}),
            "import": Section({"import": Samples(pairs, pairs)}),
            "deflate": Section({"64 KiB": Samples(echoes, echoes)}),
        },
    )


def test_each_aim_is_compared_with_what_was_measured() -> None:
    told = {str(aim): reached(_everything(), aim) for aim in AIMS}
    assert {cell: value for cell, value in told.items() if value is not None} == {
        "beastly: echo, 16 B": 1.2,
        "beastly: echo, 1 MiB": 2.0,
        "beastly, pure: echo, 16 B": 1.5,
        "beastly, pure: stream, client to server": 1.9,
        "beastly: handshake, times the floor": 2.41,
        "beastly: idle, kB of a server above the floor": 2.5,
        "beastly: import, ms above bare Python": 40.0,
        "beastly by isal: deflate, 64 KiB, of websockets": 0.25,
    }
    assert [reached(Run(_CIRCUMSTANCES, {}), aim) for aim in AIMS] == [None] * len(AIMS)


def test_what_was_missed_is_bold() -> None:
    wide, long, note = aims_tables(_everything()).split("\n\n")
    assert wide.splitlines()[2] == (
        "| beastly | 1.20, 1.2 | not measured, 1.2 | not measured, 1.25 | not measured, 1.3"
        " | **2.00**, 1.6 | not measured, 1.5 | not measured, 1.5 | not measured, 1.2 |"
    )
    assert "| beastly: handshake, times the floor | **2.41**, 2.4 |" in long
    assert "| beastly by isal: deflate, 64 KiB, of websockets | 0.25, 0.5 |" in long
    assert note.startswith("Reached are 4 of 8 cells that were measured.")


def test_what_was_missed_has_its_reason() -> None:
    reasons = {
        "beastly: echo, 1 MiB": "Memory is slow.",
        "beastly, pure: echo, 16 B": "It is Python.",
        "beastly: handshake, times the floor": "It is Python.",
        "beastly: echo, 16 B": "This was reached.",
    }
    assert missed_list(_everything(), reasons) == (
        "- **beastly: echo**, 1 MiB (2.00, aim 1.6). Memory is slow.\n"
        "- **beastly, pure: echo**, 16 B (1.50, aim 1.3);"
        " **beastly: handshake**, times the floor (2.41, aim 2.4). It is Python.\n"
        "- **beastly: import**, ms above bare Python (40.00, aim 30). No reason given yet."
    )
    assert missed_list(Run(_CIRCUMSTANCES, {}), {}) == "Nothing was missed."


def test_reasons_are_read_by_cell() -> None:
    text = '[[reason]]\ncells = ["beastly: echo, 16 B", "beastly: echo, 1 KiB"]\ntext = "A\\nb."\n'
    assert read_reasons(text) == {"beastly: echo, 16 B": "A b.", "beastly: echo, 1 KiB": "A b."}
    with pytest.raises(ValueError, match="two reasons"):
        read_reasons(text + text)
    with pytest.raises(ValueError, match="no aim 'beastly: echo, 17 B'"):
        read_reasons(text.replace("16 B", "17 B"))


def test_the_reasons_that_are_kept_can_be_read() -> None:
    read_reasons(REASONS.read_text(encoding="utf-8"))


def _whole() -> Run:
    """Return a run of all sections."""
    one = [1.0, 1.0]
    names = ("zlib alone", "beastly, not compressed", "beastly, compressed")
    deflated = Samples({name: one for name in names}, {name: one for name in names})
    heads = {how: one for how in ("whole", "1460 bytes", "1 byte")}
    limits = {how: one for how in ("without", "beastly, idle timeout", "beastly, deadlines")}
    level = Samples({"level 1": one}, {"level 1": one})
    imports = {name: one for name in ("bare Python", "socket alone", "beastly")}
    modules = dict.fromkeys(imports, 9.0)
    sections = {
        **_everything().sections,
        "connection": Section({"connection": _samples(wsproto=2.5)}),
        "head": Section({f"{size} KiB": Samples(heads, heads) for size in (1, 4, 16, 64)}),
        "import": Section({"import": Samples(imports, imports)}, {"modules": modules}),
        "memory": Section(values={"client reads": {"wsproto": 2.0}}),
        "time": Section({"16 B": Samples(limits, limits)}, {"lock, in µs": {"without": 0.1}}),
        "deflate": Section({"64 KiB": deflated}),
        "settings": Section({"1 KiB": level}, {"1 KiB": {"level 1": 0.2}}),
        "codecs": Section(values={"after 1 KiB": {"compressed": 59.4}}),
    }
    return Run(_CIRCUMSTANCES, sections)


def _make_page(*arguments: Path | str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.bench.page", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_whole_run_is_put_into_the_page(tmp_path: Path) -> None:
    results, page = tmp_path / "bench.json", tmp_path / "page.md"
    save(_whole(), results)
    names = ["machine", "aims", "missed", *SECTIONS]
    page.write_text("".join(f"<!-- {name} -->\n<!-- end of {name} -->\n" for name in names))
    for _ in range(2):  # The second time it finds what it wrote.
        assert _make_page(results, "--page", page).returncode == 0
        sections = page_sections(_whole(), {})
        assert list(sections) == names
        assert page.read_text("utf-8").count(f"\n\n{sections['echo']}\n\n") == 1
        assert page.with_suffix(".svg").read_text("utf-8") == echo_chart(_ECHO)


def test_without_a_whole_run_the_page_stays(tmp_path: Path) -> None:
    results, page = tmp_path / "bench.json", tmp_path / "page.md"
    page.write_text("old")
    assert "make bench first" in _make_page(results, "--page", page).stderr
    save(_RUN, results)
    assert "the page needs a whole run" in _make_page(results, "--page", page).stderr
    assert page.read_text() == "old"


_CHART: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 776 440" role="img">
<title>A &lt; B</title>
"""

_LINES: Final = """\
<polyline class="line c0 first" style="fill: none" points="194.5,226.0 471.5,56.0"/>
<circle class="c0" cx="194.5" cy="226.0" r="3.5"/>
<circle class="c0" cx="471.5" cy="56.0" r="3.5"/>
<polyline class="line c1" style="fill: none" points="194.5,396.0 471.5,226.0"/>
<circle class="c1" cx="194.5" cy="396.0" r="3.5"/>
<circle class="c1" cx="471.5" cy="226.0" r="3.5"/>
<text x="638" y="400.0">raw</text>
<line class="line c1" x1="618" y1="226.0" x2="632" y2="226.0"/>
<text x="638" y="230.0">two</text>
<line class="line c0" x1="618" y1="56.0" x2="632" y2="56.0"/>
<text x="638" y="60.0">one</text>
</svg>
"""


def test_a_chart_has_a_line_for_each_library() -> None:
    lines = {"one": [10.0, 100.0], "two": [1.0, 10.0]}
    chart = line_chart("A < B", ["16 B", "1 KiB"], lines, "raw")
    assert chart.startswith(_CHART)
    assert chart.endswith(_LINES)
    assert '<line class="floor" x1="56" y1="396.0" x2="610" y2="396.0"/>\n' in chart
    assert '<text x="48" y="230.0" text-anchor="end">10</text>\n' in chart
    assert '<text x="194.5" y="424" text-anchor="middle">16 B</text>\n' in chart
    assert "@media (prefers-color-scheme: dark) {" in chart
    ElementTree.fromstring(chart)


def test_names_of_lines_that_end_together_stand_apart() -> None:
    lines = {"one": [1.0, 2.0], "two": [1.0, 2.0], "three": [1.0, 1.0]}
    chart = line_chart("Title", ["a", "b"], lines, "raw")
    places = [
        float(line.split('y="')[1].split('"')[0])
        for line in chart.splitlines()
        if line.startswith('<text x="638"')
    ]
    assert len(places) == 4
    assert all(lower - upper >= 16 for lower, upper in zip(places, places[1:], strict=False))


def test_the_chart_of_the_echo_leaves_out_who_was_not_measured_at_each_size() -> None:
    chart = echo_chart(_ECHO)
    assert ">beastly</text>" in chart
    assert ">beastly, pure</text>" not in chart
    assert ">wsproto</text>" not in chart
