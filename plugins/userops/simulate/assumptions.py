"""`assumptions.yml` as objects: what makes a simulated business go."""

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import yaml

from userops.errors import UseropsError

PATH = Path(__file__).with_name("assumptions.yml")


@dataclass(frozen=True)
class Channel:
    """A channel and its truth: whom it brings, at what cost, and what they do then. Money in yuan."""

    code: str
    name: str
    domain: str
    category: str
    pricing: str
    share: float
    cost: float
    first_order: float
    again: float
    gap_days: float
    keywords: tuple[str, ...] = ("",)
    until: float = 1.0

    @property
    def is_paid(self) -> bool:
        return self.cost > 0


@dataclass(frozen=True)
class Trait:
    """What some people are like; `first_order` and `repurchase` are what it truly multiplies, 1 for nothing."""

    code: str
    share: float
    shows: str
    first_order: float = 1.0
    repurchase: float = 1.0


@dataclass(frozen=True)
class Assumptions:
    """The whole file: channels and traits as objects, the rest as it stands there."""

    channels: tuple[Channel, ...]
    traits: tuple[Trait, ...]
    rest: dict = field(repr=False)

    def __getitem__(self, section: str) -> dict:
        return self.rest[section]

    def channel_number(self, code: str) -> int:
        """The place of a channel; -1 where the business has none of that code."""
        return next((k for k, channel in enumerate(self.channels) if channel.code == code), -1)

    def column(self, name: str) -> np.ndarray:
        """One figure of every channel."""
        return np.array([getattr(channel, name) for channel in self.channels])


@lru_cache(maxsize=1)
def load_assumptions() -> Assumptions:
    """The assumptions of the business that comes with the project."""
    rest = yaml.load(PATH.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    channels = tuple(
        Channel(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})
        for given in rest.pop("channels")
    )
    return Assumptions(channels, tuple(Trait(**given) for given in rest.pop("traits")), rest)


@dataclass(frozen=True)
class Country:
    """How phones of a country are written, and which places its business has."""

    code: str
    first_digits: str
    digits: int
    prefix: str
    places: dict

    @classmethod
    def of(cls, assumptions: Assumptions, code: str) -> "Country":
        known = assumptions["countries"]
        if code not in known:
            raise UseropsError(f"No phones are known for the country {code!r}.",
                               fix=f"set USEROPS_DEFAULT_COUNTRY to one of {', '.join(known)}.")
        given = known[code]
        return cls(code, *given["phone"], assumptions["places"][given["places"]])


@dataclass(frozen=True)
class Money:
    """The business currency against the yuan of `assumptions.yml`, and the foreign ones it takes."""

    currency: str
    scale: float
    foreign: tuple[str, ...]
    rates: tuple[float, ...]

    @classmethod
    def of(cls, assumptions: Assumptions, currency: str) -> "Money":
        known = assumptions["currencies"]
        if currency not in known:
            raise UseropsError(f"No prices are known in {currency!r}.",
                               fix=f"use one of {', '.join(known)} as the currency.")
        scale, foreign = known[currency]["scale"], tuple(known[currency]["foreign"])
        return cls(currency, scale, foreign, tuple(scale / known[other]["scale"] for other in foreign))

    def cents(self, yuan: float | np.ndarray) -> np.ndarray:
        """Yuan as whole cents of the business currency, at least one where there is anything."""
        return np.maximum(np.round(np.asarray(yuan) * self.scale * 100), np.asarray(yuan) > 0).astype(np.int64)

    def rate_of_day(self, foreign: int, day: np.ndarray) -> np.ndarray:
        """Ten-thousandths of the business currency for one unit of a foreign one: it moves a little from day to day."""
        return np.round(self.rates[foreign] * (1 + 0.001 * (day * 7 % 11 - 5)) * 10_000).astype(np.int64)


def is_in_span(day: date, span: dict) -> bool:
    """Whether the day lies in a yearly span from `MM-DD` to `MM-DD`."""
    return span["from"] <= f"{day:%m-%d}" <= span["to"]
