"""Columns as text, a block of rows at a time: bytes in matrices of a fixed width, filled up with zero bytes.

A column is a function that gives the cells of the rows asked for, as an array of uint8 with one line a row; a line
of zeros is an empty cell. Nothing here loops over rows.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

import numpy as np

from userops.simulate.clock import DAY, DAYS_AFTER, Clock

Cells = np.ndarray
Column = Callable[[np.ndarray], Cells]
NOTHING = np.int64(-(1 << 62))
_ZERO = ord("0")
_POWERS = 10 ** np.arange(18, dtype=np.int64)


def table(texts: Sequence[str | None]) -> Cells:
    """Cells of a few texts, and one more empty line at the end, which number -1 finds."""
    packed = np.array([(text or "").encode() for text in [*texts, ""]])
    width = max(packed.dtype.itemsize, 1)
    return np.frombuffer(packed.astype(f"S{width}").tobytes(), dtype=np.uint8).reshape(len(packed), width)


def word(texts: Cells, numbers: np.ndarray) -> Column:
    """Texts of a table by number; -1 is empty."""
    return lambda rows: texts[numbers[rows]]


def always(text: str) -> Column:
    """The same text in every row."""
    line = table([text])[:1]
    return lambda rows: np.broadcast_to(line, (len(rows), line.shape[1]))


def digits(values: np.ndarray, width: int) -> Cells:
    """The last `width` decimal digits of each value, zeros in front."""
    cells = np.empty((len(values), width), dtype=np.uint8)
    rest = values
    for place in range(width - 1, -1, -1):
        above = rest // 10
        cells[:, place] = rest - above * 10 + _ZERO
        rest = above
    return cells


def ident(prefix: str, numbers: np.ndarray, width: int = 8) -> Column:
    """A prefix and a number with zeros in front; a negative number is empty."""

    def cells(rows: np.ndarray) -> Cells:
        chosen = numbers[rows]
        return blank(joined(np.frombuffer(prefix.encode(), dtype=np.uint8), digits(chosen, width)), chosen < 0)

    return cells


def joined(prefix: np.ndarray, cells: Cells) -> Cells:
    """The same bytes before every line."""
    return np.concatenate([np.broadcast_to(prefix, (len(cells), len(prefix))), cells], axis=1)


def blank(cells: Cells, where: np.ndarray) -> Cells:
    """The cells with those lines made empty; `cells` must be its caller's own."""
    cells[where] = 0
    return cells


def whole(values: np.ndarray) -> Column:
    """Whole numbers; NOTHING is empty."""

    def cells(rows: np.ndarray) -> Cells:
        chosen = values[rows].astype(np.int64, copy=False)
        gone = chosen == NOTHING
        size = np.where(gone, 0, np.abs(chosen))
        width = int(np.searchsorted(_POWERS, size.max(initial=0), side="right")) or 1
        shown = digits(size, width)
        # Zeros in front: all places above the number's first digit, the last place aside.
        shown[:, :-1][size[:, None] < _POWERS[width - 1 : 0 : -1]] = 0
        if (chosen < 0).any():
            minus = np.where((chosen < 0) & ~gone, ord("-"), 0).astype(np.uint8)
            shown = np.concatenate([minus[:, None], shown], axis=1)
        return blank(shown, gone)

    return cells


def money(cents: np.ndarray) -> Column:
    """Whole cents, not negative, as an amount with two places; NOTHING is empty."""

    def cells(rows: np.ndarray) -> Cells:
        chosen = cents[rows]
        gone = chosen == NOTHING
        size = np.where(gone, 0, chosen)
        parts = digits(size % 100, 2)
        point = np.full((len(size), 1), ord("."), dtype=np.uint8)
        front = whole(size // 100)(np.arange(len(size)))
        return blank(np.concatenate([front, point, parts], axis=1), gone)

    return cells


def flag(values: np.ndarray) -> Column:
    """true and false."""
    return word(_FLAGS, np.asarray(values).astype(np.int8))


_FLAGS = table(["false", "true"])


class Moments:
    """Instants and days as text in the zone of a clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._first = -DAYS_AFTER
        days = range(-DAYS_AFTER, clock.nights + DAYS_AFTER)
        self._dates = table([(clock.start + timedelta(days=k)).isoformat() for k in days])
        seconds = np.arange(DAY)
        clockwork = np.full((DAY, 9), ord(":"), dtype=np.uint8)
        clockwork[:, 0] = ord("T")
        for place, part in ((1, seconds // 3600), (4, seconds // 60 % 60), (7, seconds % 60)):
            clockwork[:, place : place + 2] = digits(part, 2)
        self._times = clockwork
        self._offsets = table(clock.offsets())

    def instant(self, t: np.ndarray, *, offset: bool = True) -> Column:
        """`2025-01-01T08:00:00+08:00`; without `offset` local time, save where the clock shows it twice."""

        def cells(rows: np.ndarray) -> Cells:
            chosen = t[rows]
            gone = (chosen < -DAYS_AFTER * DAY) | (chosen >= (self._clock.nights + DAYS_AFTER - 1) * DAY)
            chosen = np.where(gone, 0, chosen)
            wall = self._clock.wall(chosen)
            day = wall // DAY
            shown = np.empty((len(rows), 25), dtype=np.uint8)
            shown[:, :10] = self._dates[day - self._first]
            shown[:, 10:19] = self._times[wall - day * DAY]
            shown[:, 19:] = self._offsets[np.searchsorted(self._clock.changes, chosen, side="right")]
            if not offset:
                shown[~self._clock.is_doubtful(chosen), 19:] = 0
            return blank(shown, gone)

        return cells

    def day(self, days: np.ndarray) -> Column:
        """`2025-01-01` by a day's number."""
        return lambda rows: self._dates[days[rows] - self._first]
