"""How readily people act on each day and at each hour."""

import math

import numpy as np

from userops.simulate.assumptions import is_in_span
from userops.simulate.clock import Clock

# Days after the last night that waiting times may still reach into.
AHEAD = 60


class Season:
    """The strength of each day; waiting times run on a clock that goes as fast as the day is strong."""

    def __init__(self, clock: Clock, seasons: dict) -> None:
        self._clock = clock
        self.strength = np.array([_strength(clock, seasons, k) for k in range(clock.nights + AHEAD)])
        self._peak = seasons["peak"]
        self._passed = np.append(0, np.cumsum(self.strength))
        weights = self.strength[: clock.nights] ** seasons["arrivals"]
        self._arrived = np.cumsum(weights) / weights.sum()
        hours = np.array(seasons["hours"], dtype=float)
        self._hours = np.cumsum(hours) / hours.sum()

    @property
    def end(self) -> float:
        """The operational time at which the last night ends."""
        return float(self._passed[self._clock.nights])

    def passed(self, day: np.ndarray) -> np.ndarray:
        """Operational days passed when a day begins; beyond what is known, the last day's strength goes on."""
        inside = np.clip(day, 0, len(self._passed) - 1)
        return self._passed[inside] + (day - inside)

    def day_of(self, passed: np.ndarray) -> np.ndarray:
        """The day on which that much operational time has passed."""
        return np.searchsorted(self._passed, passed, side="right") - 1

    def is_peak(self, passed: np.ndarray) -> np.ndarray:
        """Whether an operational time lies on a peak day."""
        return self.strength[self.day_of(passed)] >= self._peak

    def arrival_days(self, chance: np.random.Generator, people: int) -> np.ndarray:
        """The days on which that many people come, in order."""
        return np.sort(np.searchsorted(self._arrived, chance.random(people), side="right")).clip(
            0, self._clock.nights - 1
        )

    def seconds(self, chance: np.random.Generator, count: int) -> np.ndarray:
        """Seconds of the day, as busy as the hours are."""
        hour = np.searchsorted(self._hours, chance.random(count), side="right")
        return np.minimum(hour, 23) * 3600 + chance.integers(0, 3600, count)

    def moments(self, chance: np.random.Generator, day: np.ndarray) -> np.ndarray:
        """A moment on each of the days."""
        return self._clock.at(day, self.seconds(chance, len(day)))

    def after(self, chance: np.random.Generator, t: np.ndarray, days: np.ndarray) -> np.ndarray:
        """A moment that many whole days later; where that is not later, within two hours."""
        later = self.moments(chance, self._clock.day(t) + days)
        soon = t + chance.integers(60, 7200, len(t))
        return np.where(later > t, later, soon)

    def in_office(self, chance: np.random.Generator, day: np.ndarray) -> np.ndarray:
        """A moment between 9 and 21 o'clock, when messages are sent."""
        return self._clock.at(day, chance.integers(9 * 3600, 21 * 3600, len(day)))


def _strength(clock: Clock, seasons: dict, number: int) -> float:
    day = clock.date(number)
    strength = seasons["weekdays"][day.weekday()]
    strength *= 1 + seasons["wave"] * math.sin(2 * math.pi * day.timetuple().tm_yday / 365.25)
    strength *= math.prod(span["factor"] for span in seasons["spans"] if is_in_span(day, span))
    return strength * seasons["days"].get(f"{day:%m-%d}", 1.0)


