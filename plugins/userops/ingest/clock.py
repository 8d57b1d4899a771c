"""Local times of a zone as instants, and the hours that clock changes leave out or repeat.

Offsets come from zoneinfo. Nearly all times of a file fall into few spans of days with one offset: those are compared
as text in SQL; the days of clock changes, and times far away, go through a vectorized function.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa

from userops.lake.sql import literal

FIRST_YEAR, LAST_YEAR = 1900, 2100
# Hours that are left out or repeated are told apart in the years up to the business date; older ones are resolved.
YEARS_JUDGED = 20
SPANS_BEFORE, SPANS_AFTER = 6, 1
GAP, TWICE = "gap", "twice"


@dataclass(frozen=True)
class ClockChange:
    """An instant (UTC, naive) at which the zone's offset changed."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def window(self) -> tuple[datetime, datetime]:
        """Local times that do not exist (clocks put forward) or exist twice (put back), the end excluded."""
        first, last = sorted((self.at + self.before, self.at + self.after))
        return first, last


@lru_cache(maxsize=8)
def clock_changes(timezone: str) -> tuple[ClockChange, ...]:
    """All changes between FIRST_YEAR and LAST_YEAR; outside of these the nearest offset holds."""
    zone, found = ZoneInfo(timezone), []
    day, end = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR, 1, 1, tzinfo=UTC)
    offset = _offset(day, zone)
    while day < end:
        following = day + timedelta(days=1)
        if _offset(following, zone) != offset:
            low, high = day, following
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
                low, high = (middle, high) if _offset(middle, zone) == offset else (low, middle)
            found.append(ClockChange(high.replace(tzinfo=None), offset, _offset(following, zone)))
            offset = _offset(following, zone)
        day = following
    return tuple(found)


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


@dataclass(frozen=True)
class Span:
    """Local days, the last excluded, on which one offset holds throughout; None is without bound."""

    first: date | None
    last: date | None
    offset: timedelta


def spans(timezone: str, business_date: date) -> list[Span]:
    """The spans that a file of that date mostly needs, the one with the date first."""
    changes = clock_changes(timezone)
    zone = ZoneInfo(timezone)
    offsets = [changes[0].before, *(change.after for change in changes)] if changes else [
        _offset(datetime(2000, 1, 1, tzinfo=UTC), zone)
    ]
    firsts = [None, *(change.window[1].date() + timedelta(days=1) for change in changes)]
    lasts = [*(change.window[0].date() for change in changes), None]
    whole = [Span(*parts) for parts in zip(firsts, lasts, offsets, strict=True)]
    current = sum(1 for first in firsts[1:] if first <= business_date)
    wanted = [*range(current, max(-1, current - SPANS_BEFORE), -1), *range(current + 1, current + 1 + SPANS_AFTER)]
    return [whole[place] for place in wanted if place < len(whole)]


def offset_text(offset: timedelta) -> str | None:
    """An offset as timestamps spell it; None if it has seconds."""
    minutes, seconds = divmod(int(offset.total_seconds()), 60)
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return None if seconds else f"{sign}{minutes // 60:02}:{minutes % 60:02}"


class Clock:
    """A zone's clock as SQL over a session; `register` makes its functions known there once a year judged."""

    def __init__(self, timezone: str) -> None:
        self.timezone = timezone
        self._registered: set[tuple[int, str]] = set()

    def register(self, database: duckdb.DuckDBPyConnection, business_date: date) -> None:
        """Make the functions for files of that date."""
        name = self._function(business_date)
        if (id(database), name) in self._registered:
            return
        table = _Table(self.timezone, business_date.year)
        instants, problems = pa.timestamp("us", tz="UTC"), pa.string()
        for suffix, function, kind in (("", table.instants, instants), ("_problem", table.problems, problems)):
            # Another clock of the zone may have made them.
            with suppress(duckdb.NotImplementedException):
                database.create_function(
                    name + suffix, function, ["TIMESTAMP"], "TIMESTAMPTZ" if kind == instants else "VARCHAR",
                    type="arrow", null_handling="special",
                )  # fmt: skip
        self._registered.add((id(database), name))

    def instant(self, text: str, business_date: date) -> str:
        """The instant of an SQL text that holds a local time; null where the clock shows it never, or twice."""
        branches = []
        for span in spans(self.timezone, business_date):
            offset = offset_text(span.offset)
            bounds = [f"{text} >= {literal(span.first)}"] * bool(span.first)
            bounds += [f"{text} < {literal(span.last)}"] * bool(span.last)
            if offset is not None:
                within = " and ".join(bounds) or "true"
                branches.append(f"when {within} then try_cast({text} || '{offset}' as timestamptz)")
        other = f"{self._function(business_date)}(try_cast({text} as timestamp))"
        return f"case {' '.join(branches)} else {other} end"

    def has_problems(self, business_date: date) -> bool:
        """Whether any hour of the years judged is left out or repeated."""
        return bool(_windows(self.timezone, business_date.year))

    def problem(self, text: str, business_date: date) -> str:
        """GAP or TWICE where the local time has that problem, else null."""
        return f"{self._function(business_date)}_problem(try_cast({text} as timestamp))"

    def _function(self, business_date: date) -> str:
        return f"{re.sub('[^a-z]', '_', self.timezone.lower())}_{business_date.year}"


def _windows(timezone: str, year: int) -> list[tuple[datetime, datetime, str]]:
    """Local times of the years judged that do not exist, or exist twice."""
    return [
        (*change.window, GAP if change.after > change.before else TWICE)
        for change in clock_changes(timezone) if year - YEARS_JUDGED <= change.window[0].year <= year
    ]


class _Table:
    """The changes of a zone as arrays, for columns of local times."""

    def __init__(self, timezone: str, year: int) -> None:
        changes = clock_changes(timezone)
        first = [changes[0].before] if changes else [_offset(datetime(2000, 1, 1, tzinfo=UTC), ZoneInfo(timezone))]
        self.offsets = _microseconds([*first, *(change.after for change in changes)])
        # A time in a gap is read with the offset before, one that exists twice as the later instant.
        self.starts = np.array([change.at + change.after for change in changes], dtype="datetime64[us]")
        self.windows = [
            (np.datetime64(first, "us"), np.datetime64(last, "us"), problem)
            for first, last, problem in _windows(timezone, year)
        ]

    def instants(self, wall: pa.Array) -> pa.Array:
        """The instants of local times."""
        local, missing = _numpy(wall)
        instants = local - self.offsets[np.searchsorted(self.starts, local, side="right")]
        for first, last, _ in self.windows:
            missing = missing | ((local >= first) & (local < last))
        return pa.array(instants, mask=missing, type=pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))

    def problems(self, wall: pa.Array) -> pa.Array:
        """What is wrong with local times."""
        local, missing = _numpy(wall)
        found = np.full(len(local), None, dtype=object)
        for first, last, problem in self.windows:
            found[(local >= first) & (local < last) & ~missing] = problem
        return pa.array(found, type=pa.string())


def _microseconds(offsets: list[timedelta]) -> np.ndarray:
    return np.array([offset // timedelta(microseconds=1) for offset in offsets], dtype="timedelta64[us]")


def _numpy(wall: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    whole = wall.combine_chunks() if isinstance(wall, pa.ChunkedArray) else wall
    return (
        np.asarray(whole.fill_null(0).cast(pa.timestamp("us")).to_numpy(zero_copy_only=False), dtype="datetime64[us]"),
        np.asarray(whole.is_null().to_numpy(zero_copy_only=False), dtype=bool),
    )
