"""The benchmark of compression measures what it says: it works, in small."""

import zlib

from tests.bench.bench_deflate import (
    OPTIONS,
    SETTINGS,
    SIZES,
    deflate_settings_table,
    deflate_table,
    json_texts,
)
from tests.bench.method import Plan


def test_texts_are_of_the_size_and_compress_as_text_does() -> None:
    for size in SIZES.values():
        texts = json_texts(size)
        assert len(set(texts)) == len(texts)
        for text in texts:
            assert len(text) == size
            assert 0.1 < len(zlib.compress(text.encode())) / size < 0.6


def test_everybody_echoes() -> None:
    rows = deflate_table(Plan(rounds=2, seconds=0.001)).splitlines()
    assert [row.split(" | ")[0] for row in rows[2:9]] == [
        "| zlib alone",
        "| beastly, not compressed",
        "| beastly, compressed",
        "| websockets, not compressed",
        "| websockets, compressed",
        "| beastly, compressed / (zlib + not)",
        "| websockets, compressed / (zlib + not)",
    ]


def test_the_first_option_is_the_yardstick() -> None:
    assert next(iter(OPTIONS.values())) is None


def test_every_setting_leaves_less_than_there_was() -> None:
    rows = deflate_settings_table(Plan(rounds=2, seconds=0.001)).splitlines()[2:]
    assert len(rows) == len(SETTINGS)
    for row in rows:
        small, large = (float(row.split(" | ")[column].rstrip(" %|")) for column in (2, 4))
        assert 10 < large < small < 40
