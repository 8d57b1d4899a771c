"""When people buy, by their own accord, and what becomes of each order; what it holds is drawn later."""

from dataclasses import dataclass

import numpy as np

from userops.simulate.clock import NEVER
from userops.simulate.people import FIRST_ORDER_DAYS, SHARED, Crowd
from userops.simulate.world import World, in_order, ranks

SIGNED_IN, BY_PHONE, BY_UNKNOWN_PHONE, UNNAMED = range(4)
NOT_REFUNDED, PARTLY, WHOLLY, IN_TWO = range(4)
FIRST_WAIT = 4.0
LEAST_WAIT = 0.4


@dataclass
class Purchases:
    """Orders as arrays, by person and moment; `campaign` is the place of the campaign that made it happen, or -1."""

    person: np.ndarray
    at: np.ndarray
    campaign: np.ndarray
    who: np.ndarray
    abandoned: np.ndarray
    cancelled: np.ndarray
    refund: np.ndarray

    def __len__(self) -> int:
        return len(self.person)

    @property
    def counts(self) -> np.ndarray:
        """Orders that count for their person: paid, kept, and known to be theirs."""
        kept = ~self.abandoned & ~self.cancelled & (self.refund < WHOLLY)
        return kept & self.own

    @property
    def paid_at(self) -> np.ndarray:
        """When each is paid, or would be: within twenty minutes, as scattered as the moments themselves."""
        return self.at + 10 + self.at * 7919 % 1190

    @property
    def own(self) -> np.ndarray:
        """Orders by people who are known, not by strangers with their taste."""
        return self.who <= BY_PHONE

    def take(self, rows: np.ndarray) -> "Purchases":
        return Purchases(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    @classmethod
    def plain(cls, person: np.ndarray, at: np.ndarray, campaign: np.ndarray | None = None) -> "Purchases":
        """Orders by people who signed in, paid and kept what they bought."""
        no, zero = np.zeros(len(person), dtype=bool), np.zeros(len(person), dtype=np.int64)
        return cls(person, at, zero - 1 if campaign is None else campaign, zero, no, no, zero)

    def with_more(self, more: "Purchases") -> "Purchases":
        """Both, in order."""
        both = Purchases(*(np.append(getattr(self, name), getattr(more, name)) for name in self.__dataclass_fields__))
        return both.take(in_order(both.person, both.at))


def buy(world: World, crowd: Crowd, chance: np.random.Generator, pace: float, *, first_buys: bool) -> Purchases:
    """The orders that people make of their own accord."""
    person, passed = _rhythm(world, crowd, chance, pace, first_buys=first_buys)
    at = world.season.moments(chance, world.season.day_of(passed))
    ready = crowd.ready[person]
    at = np.where(at > ready, at, ready + chance.integers(300, 7200, len(at)))
    order = in_order(person, at)
    known = order[(at[order] < crowd.gone[person[order]]) & (at[order] < world.clock.end)]
    return _fates(world, crowd, Purchases.plain(person[known], at[known]), chance)


def _rhythm(
    world: World, crowd: Crowd, chance: np.random.Generator, pace: float, *, first_buys: bool
) -> tuple[np.ndarray, np.ndarray]:
    """People and the operational times of their orders, round by round: one more order each, for those who go on."""
    season, assumptions = world.season, world.assumptions
    buys = chance.random(len(crowd)) < crowd.first_order
    buys[:1] |= first_buys
    person = np.flatnonzero(buys)
    day = world.clock.day(crowd.born[person])
    start = season.passed(world.clock.day(crowd.ready[person]))
    room = season.passed(day + FIRST_ORDER_DAYS + 1) - start
    passed = start - FIRST_WAIT * np.log1p(-chance.random(len(person)) * -np.expm1(-room / FIRST_WAIT)) * 0.999
    if first_buys:
        passed[0] = start[0]
    stop = (1 - assumptions.column("again")[crowd.channel]) / pace
    gap_days = assumptions.column("gap_days")[crowd.channel]
    gap = gap_days / np.sqrt(pace) / chance.gamma(3.0, 1 / 3.0, len(crowd)).clip(0.2)
    lift, lift_in_group = _lifts(world, crowd)
    joining = world.clock.day(np.minimum(crowd.group_at, world.clock.end))
    joined = np.where(crowd.group_at < NEVER, season.passed(joining), np.inf)
    rounds = [(person[:0], passed[:0])]  # of a few people nobody may buy
    while len(person):
        inside = passed < season.end
        person, passed = person[inside], passed[inside]
        rounds.append((person, passed))
        faster = lift[person] * np.where(joined[person] <= passed, lift_in_group[person], 1.0)
        goes_on = (chance.random(len(person)) >= stop[person] / faster) | season.is_peak(passed)
        wait = LEAST_WAIT + chance.exponential(1.0, len(person)) * gap[person] / faster
        person, passed = person[goes_on], (passed + wait)[goes_on]
    return np.concatenate([r[0] for r in rounds]), np.concatenate([r[1] for r in rounds])


def _lifts(world: World, crowd: Crowd) -> tuple[np.ndarray, np.ndarray]:
    """How many times as often people order: by what they are like, and once they are in a group that helps."""
    lift = np.ones(len(crowd))
    for trait in world.assumptions.traits:
        lift *= np.where(crowd.traits[trait.code], trait.repurchase, 1.0)
    return lift, np.where(group_helps(crowd.group), world.assumptions["groups"]["lift"], 1.0)


def group_helps(group: np.ndarray) -> np.ndarray:
    """Groups of even number (`G2`, `G4` …) lift the repurchase of their members."""
    return group % 2 == 1


def _fates(world: World, crowd: Crowd, own: Purchases, chance: np.random.Generator) -> Purchases:
    """What becomes of people's orders; with those never paid and those of strangers, which come besides.

    First orders always count, so that a channel's share of buyers is the one planted.
    """
    rates, size = world.assumptions["orders"], len(own)
    first = ranks(own.person) == 0
    by_phone = (chance.random(size) < rates["guest_by_phone"]) & crowd.has["phone"][own.person]
    # A phone that too many carry names nobody.
    own.who = np.where(by_phone & (crowd.phone[own.person] != SHARED), BY_PHONE, SIGNED_IN)
    own.cancelled = (chance.random(size) < rates["cancelled_paid"]) & ~first
    back = (chance.random(size) < rates["refunded"]) & ~own.cancelled
    whole = (chance.random(size) < rates["refunded_whole"]) & ~first
    in_two = chance.random(size) < rates["refunded_in_two"]
    own.refund = np.where(back, np.where(whole, np.where(in_two, IN_TWO, WHOLLY), PARTLY), NOT_REFUNDED)
    return own.with_more(_unpaid(world, crowd, own, chance)).with_more(_strangers(world, own, chance))


def _unpaid(world: World, crowd: Crowd, own: Purchases, chance: np.random.Generator) -> Purchases:
    """Some try once before and do not pay."""
    rows = np.flatnonzero(chance.random(len(own)) < world.assumptions["orders"]["abandoned"])
    at = own.at[rows] - chance.integers(600, 3600, len(rows))
    known = at > crowd.ready[own.person[rows]]
    tried = Purchases.plain(own.person[rows][known], at[known])
    tried.abandoned = ~tried.abandoned
    return tried


def _strangers(world: World, own: Purchases, chance: np.random.Generator) -> Purchases:
    """Guests whom nobody knows, with the taste of someone known: a phone of their own on the order, or nothing."""
    rates = world.assumptions["orders"]
    phone, unnamed = rates["guest_by_phone_alone"], rates["guest_unnamed"]
    rows = np.flatnonzero(chance.random(len(own)) < phone + unnamed)
    at = world.season.after(chance, own.at[rows], chance.integers(0, 5, len(rows)))
    rows, at = rows[at < world.clock.end], at[at < world.clock.end]
    guests = Purchases.plain(own.person[rows], at)
    guests.who = np.where(chance.random(len(rows)) < phone / (phone + unnamed), BY_UNKNOWN_PHONE, UNNAMED)
    return guests
