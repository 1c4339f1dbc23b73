"""The benchmark of compression measures what it says: it works, in small."""

import zlib

from tests.bench.bench_deflate import (
    OPTIONS,
    SETTINGS,
    SIZES,
    codecs_table,
    deflate_table,
    json_texts,
    measure_codecs,
    measure_deflate,
    measure_settings,
    settings_table,
    with_backend,
)
from tests.bench.libraries import backends
from tests.bench.method import Plan

_TINY = Plan(budget=0, rounds=2, batch=0.0001)


def test_texts_are_of_the_size_and_compress_as_text_does() -> None:
    for size in SIZES.values():
        texts = json_texts(size)
        assert len(set(texts)) == len(texts)
        for text in texts:
            assert len(text) == size
            assert 0.1 < len(zlib.compress(text.encode())) / size < 0.6


def test_everybody_echoes() -> None:
    rows = deflate_table(measure_deflate(_TINY)).splitlines()
    assert [row.split(" | ")[0] for row in rows[2:-2]] == [
        "| zlib alone",
        "| beastly, not compressed",
        "| beastly, compressed",
        *(f"| {with_backend(name)}" for name in backends()),
        "| websockets, not compressed",
        "| websockets, compressed",
        "| beastly, compressed / (zlib + not)",
        "| websockets, compressed / (zlib + not)",
    ]


def test_the_first_option_is_the_yardstick() -> None:
    assert next(iter(OPTIONS.values())) is None


def test_every_setting_leaves_less_than_there_was() -> None:
    rows = settings_table(measure_settings(_TINY)).splitlines()[2:]
    assert len(rows) == len(SETTINGS)
    for row in rows:
        small, large = (float(row.split(" | ")[column].rstrip(" %|")) for column in (2, 4))
        assert 10 < large < small < 40


def test_a_codec_takes_memory() -> None:
    section = measure_codecs(["compressed"], {"1 KiB": 1024})
    assert section.values["after 1 KiB"]["compressed"] > 10
    assert codecs_table(section).splitlines()[2].startswith("| compressed | ")
