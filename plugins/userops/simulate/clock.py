"""The nights of a simulation, and moments as whole seconds since the first one began."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from userops.errors import UseropsError

DAY = 86_400
# Later than anything: what has not happened.
NEVER = np.int64(1) << 60
# Coupons and memberships end long after the last night.
DAYS_AFTER = 800


class Clock:
    """Moments are instants (int64 seconds since the first day's midnight), so that a clock change cannot order them
    wrongly; days and hours are those of the wall clock of the zone."""

    def __init__(self, start: date, nights: int, timezone: str) -> None:
        self.start, self.nights, self.timezone = start, nights, timezone
        try:
            self._zone = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError):
            fix = "use an IANA name such as Asia/Shanghai."
            raise UseropsError(f"{timezone!r} is no time zone.", fix=fix) from None
        midnight = datetime(start.year, start.month, start.day, tzinfo=self._zone)
        self._zero = int(midnight.timestamp())
        self._offset = self._offset_at(0)
        last = (nights + DAYS_AFTER) * DAY
        self.changes = np.array(self._changes(-DAYS_AFTER * DAY, last), dtype=np.int64)
        steps = [int(change) for change in self.changes]
        # Seconds by which the wall clock is ahead of the seconds since the start, between the changes.
        before = steps[0] - 1 if steps else 0
        self.shifts = np.array([self._offset_at(t) - self._offset for t in [before, *steps]], dtype=np.int64)
        self.end = int(self.at(np.array([nights]), np.array([0]))[0])

    def _offset_at(self, t: int) -> int:
        moment = datetime.fromtimestamp(self._zero + t, UTC).astimezone(self._zone)
        return int(moment.utcoffset().total_seconds())

    def _changes(self, first: int, last: int) -> list[int]:
        """Instants at which the zone's clock is put forward or back, by bisection of the days that differ."""
        found, t = [], first
        while t < last:
            low, high = t, t + DAY
            if self._offset_at(low) != self._offset_at(high):
                while high - low > 1:
                    middle = (low + high) // 2
                    same = self._offset_at(middle) == self._offset_at(low)
                    low, high = (middle, high) if same else (low, middle)
                found.append(high)
            t += DAY
        return found

    def wall(self, t: np.ndarray) -> np.ndarray:
        """Seconds by the wall clock since the first midnight."""
        if not len(self.changes):
            return t
        return t + self.shifts[np.searchsorted(self.changes, t, side="right")]

    def day(self, t: np.ndarray) -> np.ndarray:
        """The local day's number, 0 for the first night's."""
        return self.wall(t) // DAY

    def second(self, t: np.ndarray) -> np.ndarray:
        """The second of the local day by the wall clock."""
        return self.wall(t) % DAY

    def at(self, day: np.ndarray, second: np.ndarray) -> np.ndarray:
        """The instant of a second of a local day; one that a clock change leaves out moves an hour on."""
        wall = np.asarray(day, dtype=np.int64) * DAY + second
        if not len(self.changes):
            return wall
        turns = self.changes + np.maximum(self.shifts[:-1], self.shifts[1:])
        return wall - self.shifts[np.searchsorted(turns, wall, side="right")]

    def is_doubtful(self, t: np.ndarray) -> np.ndarray:
        """Whether the wall clock shows this time twice, so that without an offset nobody knows which."""
        doubtful = np.zeros(len(t), dtype=bool)
        for change, old, new in zip(self.changes, self.shifts[:-1], self.shifts[1:], strict=True):
            if new < old:
                doubtful |= (t >= change - (old - new)) & (t < change + (old - new))
        return doubtful

    def offsets(self) -> list[str]:
        """The offsets in force between the changes, as `+08:00`."""
        texts = []
        for seconds in (int(self._offset + shift) for shift in self.shifts):
            sign, minutes = "-" if seconds < 0 else "+", abs(seconds) // 60
            texts.append(f"{sign}{minutes // 60:02d}:{minutes % 60:02d}")
        return texts

    def date(self, day: int) -> date:
        """The calendar date of a day's number."""
        return self.start + timedelta(days=int(day))

    def number(self, day: date) -> int:
        """The number of a calendar date."""
        return (day - self.start).days

    def months(self) -> list[date]:
        """The first days of the months that the nights lie in."""
        days = (self.date(k) for k in range(self.nights))
        return list(dict.fromkeys(day.replace(day=1) for day in days))

    def month_of_days(self) -> np.ndarray:
        """For each night the number of its month, 0 for the first."""
        numbers = {month: k for k, month in enumerate(self.months())}
        return np.array([numbers[self.date(k).replace(day=1)] for k in range(self.nights)])
