"""Draws of one seeded generator."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import numpy as np

OPENS, CLOSES = 7, 23
# Shares of the day's traffic by hour: a rise to noon and a higher one in the evening.
HOURS = np.array([2, 4, 6, 7, 8, 7, 6, 6, 6, 6, 7, 8, 10, 11, 9, 5], dtype=float)


class Draw:
    """What the simulator asks of chance; the same seed gives the same answers."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self._hours = np.cumsum(HOURS / HOURS.sum())

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return bool(self.rng.random() < probability)

    def pick(self, items: Sequence, weights: Sequence[float] | None = None) -> object:
        """One of the items."""
        if weights is None:
            return items[int(self.rng.random() * len(items))]
        bounds = np.cumsum(weights)
        index = int(np.searchsorted(bounds, self.rng.random() * bounds[-1], side="right"))
        return items[min(index, len(items) - 1)]

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def days(self, mean: float) -> int:
        """A waiting time in whole days."""
        return int(self.rng.exponential(mean))

    def moment(self, day: date, after: datetime | None = None) -> datetime:
        """A second of that day while people are awake, later than `after` where that is the same day."""
        if after is not None and after.date() == day:
            return self.soon(after)
        hour = OPENS + min(int(np.searchsorted(self._hours, self.rng.random())), len(HOURS) - 1)
        return datetime.combine(day, time(hour)) + timedelta(seconds=self.between(0, 3599))

    def soon(self, at: datetime, minutes: int = 120) -> datetime:
        """A little later, still on the same day."""
        last = datetime.combine(at.date(), time(23, 59, 59))
        left = int((last - at).total_seconds())
        return at + timedelta(seconds=self.between(0, min(minutes * 60, left)))
