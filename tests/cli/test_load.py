"""How the load of a server is printed."""

from typing import Any

import pytest

from mockserver.cli.load import MOST_BARS, WIDTH, lines_of
from mockserver.control.records import load_record
from mockserver.control.shapes import Bar, Load
from mockserver.records.measured import Measured
from mockserver.records.totals import Totals
from tests.records.test_totals import STREAMED, ended, heard


def printed(totals: Totals, *, is_plain: bool = False) -> list[str]:
    return list(lines_of(load_record(totals), is_plain=is_plain))


def lasting(ms: float) -> Measured:
    return Measured.told(
        first_byte_ms=ms,
        first_token_ms=ms,
        last_byte_ms=ms,
        first_late_ms=0,
        last_late_ms=0,
        sent_bytes=100,
    )


def test_each_time_stands_beside_what_was_planned() -> None:
    rows = [line.split() for line in printed(heard(ended(stream=True, measured=STREAMED)))]

    assert ["time", "to", "first", "token", "measured", "1", "203", "ms"] in [r[:8] for r in rows]
    assert ["planned", "1", "200", "ms"] in [row[:4] for row in rows]
    assert ["whole", "answer", "measured", "1", "264", "ms"] in [row[:6] for row in rows]
    assert ["server", "late", "first", "token", "1", "3", "ms"] in [row[:7] for row in rows]


def test_where_nothing_was_measured_there_is_a_dash() -> None:
    assert "time to first token  measured         0     -    -    -    -    -" in printed(heard())


@pytest.mark.parametrize("block", ["#", "█"])
def test_bars_are_as_long_as_there_are_values(block: str) -> None:
    is_plain = block == "#"
    lines = printed(
        heard(*[ended(measured=lasting(ms)) for ms in (*[4.0] * 100, *[40.0] * 50, 400.0)]),
        is_plain=is_plain,
    )

    assert f"    up to 5 ms  {block * WIDTH} 100" in lines
    assert f"   up to 50 ms  {block * (WIDTH // 2)} 50" in lines
    (last,) = [line for line in lines if "up to 500 ms" in line]
    assert last.split()[-2:] == ["#" if is_plain else "▍", "1"]
    assert not is_plain or all(line.isascii() for line in lines)


def test_a_wide_spread_is_put_together_at_its_lower_end() -> None:
    times = [10**exponent for exponent in (-2, -1, 0, 1, 2, 3, 4, 5, 6)]
    lines = printed(heard(*[ended(measured=lasting(ms)) for ms in times]))

    bars = [line for line in lines if "up to" in line]
    assert len(bars) == MOST_BARS
    assert sum(int(line.split()[-1]) for line in bars) == len(times)


@pytest.mark.parametrize(
    ("ms", "shown"),
    [(0, "0 ms"), (0.05, "0.05 ms"), (12.34, "12.3 ms"), (2_500, "2.5 s"), (7_200_000, "7,200 s")],
)
def test_times_have_digits_that_say_something(ms: float, shown: str) -> None:
    (row,) = [
        line for line in printed(heard(ended(measured=lasting(ms)))) if "whole answer " in line
    ]

    assert row.endswith(f"  {shown}")


def test_a_single_bar_needs_no_other() -> None:
    load: Any = load_record(heard(ended(measured=lasting(3))))

    assert isinstance(load, Load)
    assert load.duration.measured.bars == (Bar(upto_ms=5.0, count=1),)
