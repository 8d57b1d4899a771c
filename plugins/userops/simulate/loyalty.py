"""Coupons, points and memberships."""

from dataclasses import dataclass

import numpy as np

from userops.simulate.campaigns import WELCOME, Campaign
from userops.simulate.clock import DAY, NEVER
from userops.simulate.csv_columns import ident, money, table, whole, word
from userops.simulate.messages import Sent
from userops.simulate.orders import CANCELLED, COMPLETED, Sold
from userops.simulate.people import Crowd
from userops.simulate.purchases import PARTLY, SIGNED_IN, WHOLLY, Purchases
from userops.simulate.world import World, in_order, ranks

WELCOME_DAYS, CAMPAIGN_DAYS = 90, 14
REASONS = ("check_in", "purchase", "review", "share", "game", "redeem", "expire", "adjust")
Activity = tuple[np.ndarray, np.ndarray]


@dataclass
class Coupons:
    """Coupons as arrays; `kind` 0 is the welcome, above it the message campaigns; `order`: where it is used, or -1."""

    person: np.ndarray
    kind: np.ndarray
    issued: np.ndarray
    order: np.ndarray

    def number(self, crowd: Crowd) -> np.ndarray:
        return crowd.number[self.person] * 10_000 + self.kind


def give_coupons(
    world: World, crowd: Crowd, chance: np.random.Generator, bought: Purchases, sent: Sent, campaigns: list[Campaign]
) -> Coupons:
    """A welcome for some who register, and the coupons of campaigns for those who got the message."""
    welcome = np.flatnonzero((crowd.registered < NEVER) & (chance.random(len(crowd)) < 0.3))
    offers = np.array([campaign.offer == "coupon" for campaign in campaigns] + [False])
    of_campaign = np.flatnonzero(offers[sent.campaign])
    person = np.append(welcome, sent.person[of_campaign])
    kind = np.append(welcome * 0, sent.campaign[of_campaign] + 1)
    issued = np.append(crowd.registered[welcome], sent.at[of_campaign])
    usable = (bought.who == SIGNED_IN) & ~bought.abandoned
    use = chance.random(len(bought))
    first = usable & (ranks(bought.person) == 0) & (bought.campaign < 0) & (use < 0.5)
    brought = usable & (bought.campaign >= 0) & (use < world.assumptions["campaigns"]["redeemed"])
    order = np.full(len(person), -1)
    key = person * 1000 + kind
    for wanted, kinds in ((first, np.zeros(len(bought), dtype=np.int64)), (brought, bought.campaign + 1)):
        rows = np.flatnonzero(wanted)
        _, at_order, at_coupon = np.intersect1d(
            bought.person[rows] * 1000 + kinds[rows], key, return_indices=True)
        order[at_coupon] = rows[at_order]
    used = np.flatnonzero(order >= 0)
    age = bought.at[order[used]] - issued[used]
    order[used[(age < 0) | (age > WELCOME_DAYS * DAY)]] = -1
    return Coupons(person, kind, issued, order)


def on_orders(world: World, crowd: Crowd, coupons: Coupons, orders: int) -> tuple[np.ndarray, np.ndarray]:
    """For each order the number of its coupon and the coupon's value, or -1 and 0."""
    used = coupons.order >= 0
    number, face = np.full(orders, -1), np.zeros(orders, dtype=np.int64)
    number[coupons.order[used]] = coupons.number(crowd)[used]
    if world.delivery.wants("coupons"):
        face[coupons.order[used]] = world.money.cents(world.assumptions["campaigns"]["coupon"])
    return number, face


def write_coupons(world: World, crowd: Crowd, coupons: Coupons, sold: Sold, campaigns: list[Campaign]) -> None:
    """The coupons export: when given, and again when used."""
    redeems = (coupons.order >= 0) & (sold.coupon[coupons.order] >= 0) if len(sold.number) else coupons.order > 0
    used = np.flatnonzero(redeems)
    which = np.append(np.arange(len(coupons.person)), used)
    redeemed = np.append(np.full(len(coupons.person), NEVER), sold.paid_at[coupons.order[used]])
    at = np.where(redeemed < NEVER, redeemed, coupons.issued[which])
    lasts = np.where(coupons.kind == 0, WELCOME_DAYS, CAMPAIGN_DAYS) * DAY
    order = np.where(redeemed < NEVER, coupons.order[which], 0)
    numbers = sold.number[order] if len(sold.number) else order
    person = coupons.person[which]
    columns = {
        "coupon_id": ident("K", coupons.number(crowd)[which], 12),
        "contact_id": lambda rows: crowd.names[person[rows]],
        "campaign_id": word(table([WELCOME, *(campaign.code for campaign in campaigns)]), coupons.kind[which]),
        "face_value": money(np.full(len(which), world.money.cents(world.assumptions["campaigns"]["coupon"]))),
        "issued_at": world.moments.instant(coupons.issued[which]),
        "expires_at": world.moments.instant((coupons.issued + lasts)[which]),
        "redeemed_at": world.moments.instant(redeemed),
        "order_id": ident("O", np.where(redeemed < NEVER, numbers, -1), 12),
    }
    world.delivery.add("coupons", at, columns, crowd.gone[person])


def write_points(
    world: World, crowd: Crowd, chance: np.random.Generator, sold: Sold, activities: dict[str, Activity]
) -> None:
    """The points export: what was earned, spent, expired and put right; nobody's balance is ever below 0.

    Half of the points of every three orders are spent at most, and half of an order's are taken back with its money;
    points of a check-in are not spent but expire.
    """
    loyalty = world.assumptions["loyalty"]
    parts = _of_orders(world, chance, sold)
    for reason, (person, at), worth in (
        ("check_in", activities["check_in"], loyalty["check_in_points"]), ("game", activities["game"], 0),
        ("share", activities["share"], 3), ("review", activities["review"], 5),
    ):
        points = np.full(len(person), worth) if worth else chance.integers(1, 6, len(person))
        parts.append((person, at, points, reason))
    person, at = activities["check_in"]
    points = np.full(len(person), -loyalty["check_in_points"])
    parts.append((person, at + loyalty["expires_days"] * DAY, points, "expire"))
    reason = np.concatenate([np.full(len(p[0]), REASONS.index(p[3])) for p in parts])
    person, at, points = (np.concatenate([p[k] for p in parts]) for k in range(3))
    order = in_order(person, at)
    order = order[points[order] != 0]
    person, at, points, reason = person[order], at[order], points[order], reason[order]
    columns = {
        "entry_id": ident("L", crowd.number[person] * 10_000 + ranks(person), 12),
        "contact_id": lambda rows: crowd.names[person[rows]],
        "occurred_at": world.moments.instant(at),
        "points": whole(points),
        "reason": word(table(REASONS), reason),
    }
    world.delivery.add("points", at, columns, crowd.gone[person])


def _of_orders(world: World, chance: np.random.Generator, sold: Sold) -> list[tuple]:
    """Entries that come of orders: earned, spent on every third, taken back or given for trouble."""
    bought, every = sold.bought, world.assumptions["loyalty"]["redeems_every"]
    order = np.flatnonzero(~bought.abandoned & bought.own)
    person, at = bought.person[order], sold.paid_at[order]
    worth = int(max(world.money.cents(10), 1))
    earned = np.maximum(sold.baskets.paid[order] // worth, 1)
    place = ranks(person)
    spends = np.flatnonzero(place % every == every - 1)
    spent = _last(earned, spends, every) // 2
    states = sold.states[order]
    loses = np.flatnonzero((bought.refund[order] >= WHOLLY) | bought.cancelled[order])
    lost_at = np.where(states[loses, CANCELLED] < NEVER, states[loses, CANCELLED], states[loses, COMPLETED] + 7 * DAY)
    troubled = np.flatnonzero(bought.refund[order] == PARTLY)
    return [
        (person, at, earned, "purchase"), (person[spends], at[spends] + 60, -spent, "redeem"),
        (person[loses], lost_at, -(earned[loses] // 2), "adjust"),
        (person[troubled], states[troubled, COMPLETED] + 8 * DAY, np.full(len(troubled), 5), "adjust"),
    ]


def _last(values: np.ndarray, ends: np.ndarray, count: int) -> np.ndarray:
    """Sums of the last `count` values up to each end."""
    total = np.append(0, np.cumsum(values))
    return total[ends + 1] - total[ends + 1 - count]


def write_memberships(world: World, crowd: Crowd, chance: np.random.Generator, sold: Sold) -> None:
    """The memberships export: levels by the number of orders, `plus` after the first one, `monthly` for a few."""
    bought, steps = sold.bought, world.assumptions["loyalty"]["levels"]
    order = np.flatnonzero(~bought.abandoned & ~bought.cancelled & (bought.who == SIGNED_IN))
    person, done = bought.person[order], sold.states[order, COMPLETED]
    count = ranks(person) + 1
    rises = np.flatnonzero(np.isin(count, steps))
    level = np.searchsorted(steps, count[rises], side="right")
    first = np.flatnonzero((count == 1) & crowd.traits["plus_member"][person])
    plus_at = world.season.after(chance, done[first], np.ones(len(first), dtype=np.int64))
    monthly = np.repeat(np.flatnonzero(crowd.traits["monthly_plan"] & (crowd.registered < NEVER)), 3)
    monthly_at = crowd.registered[monthly] + (3 + 30 * (np.arange(len(monthly)) % 3)) * DAY
    who = np.concatenate([person[rises], person[first], monthly])
    at = np.concatenate([done[rises], plus_at, monthly_at])
    plan = np.repeat([0, 1, 2], [len(rises), len(first), len(monthly)])
    ends = np.where(plan == 0, NEVER, at + np.where(plan == 1, 365, 30) * DAY)
    columns = {
        "contact_id": lambda rows: crowd.names[who[rows]],
        "plan": word(table(["level", "plus", "monthly"]), plan),
        "level": whole(np.where(plan == 0, np.append(level, np.ones(len(who) - len(level), dtype=np.int64)), 1)),
        "effective_at": world.moments.instant(at),
        "expires_at": world.moments.instant(ends),
    }
    world.delivery.add("memberships", at, columns, crowd.gone[who])
