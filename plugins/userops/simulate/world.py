"""What all parts of a simulation share: the assumptions, the clock, where rows go, and seeded chance."""

import zlib
from dataclasses import dataclass, field

import numpy as np

from userops.simulate.assumptions import Assumptions, Country, Money
from userops.simulate.clock import Clock
from userops.simulate.csv_columns import Cells, Moments, table
from userops.simulate.delivery import Delivery
from userops.simulate.goods import Goods
from userops.simulate.locations import Places
from userops.simulate.season import Season
from userops.simulate.truth import Truth


@dataclass
class World:
    """One business. The same seed gives the same chance to the same purpose, whatever else is drawn."""

    seed: int
    assumptions: Assumptions
    clock: Clock
    season: Season
    money: Money
    country: Country
    goods: Goods
    places: Places
    delivery: Delivery
    truth: Truth
    channel_codes: Cells = field(init=False)
    # Added to names that readers see; the demo says so that its people are simulated.
    suffix: str = ""

    def __post_init__(self) -> None:
        self.channel_codes = table([channel.code for channel in self.assumptions.channels])

    @property
    def moments(self) -> Moments:
        return self.delivery.moments

    def chance(self, purpose: str, *places: int) -> np.random.Generator:
        """A generator of its own for a purpose in a place (a chunk, a month)."""
        return np.random.default_rng([self.seed, zlib.crc32(purpose.encode()), *places])


def ranks(groups: np.ndarray) -> np.ndarray:
    """For each row its number within its group, 0 first; rows of a group stand together."""
    if not len(groups):
        return np.zeros(0, dtype=np.int64)
    starts = np.flatnonzero(np.append(True, groups[1:] != groups[:-1]))
    return np.arange(len(groups)) - np.repeat(starts, np.diff(np.append(starts, len(groups))))


def in_order(group: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The order of rows by group, then moment."""
    return np.lexsort((t, group))


def pick(chance: np.random.Generator, shares: np.ndarray | list[float], count: int) -> np.ndarray:
    """Numbers drawn by their shares."""
    steps = np.cumsum(np.asarray(shares, dtype=float))
    return np.minimum(np.searchsorted(steps / steps[-1], chance.random(count), side="right"), len(steps) - 1)


def waits(chance: np.random.Generator, mean: float, count: int) -> np.ndarray:
    """Waiting times in whole days."""
    return chance.exponential(mean, count).astype(np.int64)
