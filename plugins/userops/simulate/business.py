"""A whole simulated business, night by night, with the truth beside it."""

import re
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import numpy as np

from userops.contracts.model import load_contracts
from userops.errors import UseropsError
from userops.simulate.advertising import write_advertising
from userops.simulate.assumptions import Assumptions, Country, Money, load_assumptions
from userops.simulate.campaigns import Campaign, campaign_rows
from userops.simulate.campaigns import messages as message_campaigns
from userops.simulate.clock import Clock
from userops.simulate.communities import write_friendships, write_group_stays, write_stages
from userops.simulate.contacts import write_contacts
from userops.simulate.delivery import FORMATS, Delivery
from userops.simulate.goods import Goods, amount, products
from userops.simulate.journeys import write_events, write_touches
from userops.simulate.locations import Places
from userops.simulate.loyalty import give_coupons, on_orders, write_coupons, write_memberships, write_points
from userops.simulate.messages import send, write_pushes
from userops.simulate.orders import sell, write_orders
from userops.simulate.people import CHUNK, Crowd, arrivals, contact_names, gather, second_contacts
from userops.simulate.purchases import BY_UNKNOWN_PHONE, buy
from userops.simulate.season import Season
from userops.simulate.truth import Truth, planted_k
from userops.simulate.world import World

TRUTH = "_truth"
# At most this part of a month's people is brought by friends.
MOST_BROUGHT = 0.6
REQUIRED_DELTAS = ("contacts", "orders", "order_lines")


def simulate(
    out: Path, users: int, nights: int, start: date, seed: int, *, timezone: str = "Asia/Shanghai",
    currency: str = "CNY", country: str = "CN", without: Iterable[str] = (), format: str = "csv", pace: float = 1.0,
) -> dict:
    """Write `nights` folders of canonical exports under `out` and the truth in `out/_truth`; returns the truth.

    Every row lies in the folder of the day it was made or changed, save a few orders that come again unchanged the
    night after. The same arguments give the same bytes. `without`: optional exports that the business lacks.
    `pace`: how many times as often people order. Memory does not grow with `users`.
    """
    assumptions, without = load_assumptions(), tuple(without)
    money, place, exports = Money.of(assumptions, currency), Country.of(assumptions, country), _exports(without)
    _refuse_nonsense(users, nights, pace, format, place)
    clock = Clock(start, nights, timezone)
    out = Path(out)
    _make_room(out)
    campaigns = message_campaigns(assumptions, clock)
    truth = Truth(len(assumptions.channels), len(campaigns), len(clock.months()), out / TRUTH)
    delivery = Delivery(out, clock, exports, format=format)
    season, goods = Season(clock, assumptions["seasons"]), Goods(assumptions, money, clock)
    world = World(seed, assumptions, clock, season, money, place, goods,
                  Places(assumptions, place, clock, users), delivery, truth)
    brought = np.zeros((nights, len(assumptions.channels)), dtype=np.int64)
    for chunk, first in enumerate(range(0, users, CHUNK)):
        _run_chunk(world, campaigns, chunk, np.arange(first, min(first + CHUNK, users)), pace, brought)
    write_advertising(world, brought)
    _write_snapshots(world, campaigns)
    delivery.never_empty(REQUIRED_DELTAS)
    delivery.close()
    arguments = {"users": users, "nights": nights, "start": str(start), "seed": seed, "country": country,
                 "without": sorted(without), "format": format, "pace": pace}
    return truth.write(world, arguments, campaigns) | {"rows": delivery.rows}


def _refuse_nonsense(users: int, nights: int, pace: float, format: str, country: Country) -> None:
    if users < 1 or nights < 1:
        raise UseropsError("A simulation needs at least one user and one night.", fix="raise --users or --nights.")
    if not 0 < pace <= 50:
        raise UseropsError(f"A pace of {pace} is not known.", fix="use one above 0 and up to 50.")
    if format not in FORMATS:
        raise UseropsError(f"There is no format {format!r}.", fix=f"use one of {', '.join(FORMATS)}.")
    most = 10**country.digits // 2
    if users > most:
        raise UseropsError(f"{country.code} has not enough phones here for {users} users.",
                           fix=f"ask for at most {most}, or another country.")


def _exports(without: Iterable[str]) -> list[str]:
    contracts = load_contracts()
    for name in without:
        if name not in contracts:
            raise UseropsError(f"There is no export {name!r} to leave out.",
                               fix=f"use some of {', '.join(n for n, c in contracts.items() if not c.required)}.")
        if contracts[name].required:
            raise UseropsError(f"{name} cannot be left out: every night needs it.", fix="leave out optional exports.")
    return [name for name in contracts if name not in set(without)]


def _make_room(out: Path) -> None:
    """Take away an earlier simulation; nights that were not simulated are nobody's to remove."""
    dated = [path for path in out.glob("*") if re.fullmatch(r"\d{4}-\d\d-\d\d", path.name)] if out.exists() else []
    if dated and not (out / TRUTH).is_dir():
        raise UseropsError(f"{out} holds nights that were not simulated.", fix="give --out an empty folder.")
    for path in [*dated, out / TRUTH]:
        shutil.rmtree(path, ignore_errors=True)


def _run_chunk(
    world: World, campaigns: list[Campaign], chunk: int, number: np.ndarray, pace: float, brought: np.ndarray
) -> None:
    """The people of a chunk, month by month, because who was active in a month brings friends in the next."""
    born = arrivals(world, chunk, len(number))
    month = world.clock.month_of_days()[world.clock.day(born)]
    active = np.zeros((len(number), len(world.clock.months())), dtype=bool)
    stays = np.ones(len(number), dtype=bool)
    for place in range(active.shape[1]):
        rows = np.flatnonzero(month == place)
        before = np.flatnonzero(active[:, place - 1]) if place else rows[:0]
        chance = world.chance("referral", chunk, place)
        invites = np.repeat(before, chance.poisson(planted_k(world, place), len(before)))
        invites = invites[stays[invites]][: int(MOST_BROUGHT * len(rows))]
        if not len(rows):
            continue
        crowd = gather(world, chunk, place, number[rows], born[rows], contact_names(number[invites]))
        active[rows] = _live(world, campaigns, crowd, chunk, place, pace)
        stays[rows] = crowd.gone >= world.clock.end
        np.add.at(brought, (world.clock.day(crowd.born), crowd.channel), 1)
        invited = len(invites) if place else int(crowd.referrer.any(axis=1).sum())
        world.truth.brought(place, invited, len(before))


def _live(
    world: World, campaigns: list[Campaign], crowd: Crowd, chunk: int, month: int, pace: float
) -> np.ndarray:
    """Everything that people do, into the exports; gives in which months each was active."""
    def chance(purpose: str) -> np.random.Generator:
        return world.chance(purpose, chunk, month)

    seconds = second_contacts(world, crowd, chance("second contacts"))
    bought = buy(world, crowd, chance("buy"), pace, first_buys=chunk == 0 and month == 0)
    sent, more = send(world, crowd, chance("send"), campaigns, bought)
    bought = bought.with_more(more)
    coupons = give_coupons(world, crowd, chance("coupons"), bought, sent, campaigns)
    coupon, face = on_orders(world, crowd, coupons, len(bought))
    sold = sell(world, crowd, chance("sell"), bought, coupon, face)
    own = np.flatnonzero(bought.own)
    theirs = bought.take(own)
    buyers = np.bincount(theirs.person, minlength=len(crowd)) > 0
    write_contacts(world, crowd, seconds, chance("contacts"))
    activities = [
        write_friendships(world, crowd, chance("friendships")),
        write_group_stays(world, crowd, chance("groups")),
        write_touches(world, crowd, chance("touches"), theirs),
        write_pushes(world, crowd, chance("pushes"), sent, campaigns, buyers),
        (theirs.person, theirs.at),
    ]
    reviews = write_orders(world, crowd, seconds, chance("orders"), sold)
    first = sold.baskets.product[sold.baskets.first] if len(bought) else sold.baskets.product
    events = write_events(world, crowd, chance("events"), theirs, first[own])
    write_coupons(world, crowd, coupons, sold, campaigns)
    write_points(world, crowd, chance("points"), sold, events | {"review": reviews})
    write_memberships(world, crowd, chance("memberships"), sold)
    write_stages(world, crowd, chance("stages"))
    world.truth.people(world, crowd, seconds)
    known = bought.paid_at < np.minimum(crowd.gone, world.clock.end)[bought.person]
    guests = known & (bought.who == BY_UNKNOWN_PHONE)
    world.truth.guests_active(world, bought.person[guests], bought.at[guests])
    return _months_active(world, crowd, [*activities, *events.values()])


def _months_active(world: World, crowd: Crowd, activities: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    person, at = (np.concatenate([activity[k] for activity in activities]) for k in range(2))
    known = (at >= 0) & (at < np.minimum(crowd.gone, world.clock.end)[person])
    active = np.zeros((len(crowd), len(world.clock.months())), dtype=bool)
    active[person[known], world.clock.month_of_days()[world.clock.day(at[known])]] = True
    return active


def _write_snapshots(world: World, campaigns: list[Campaign]) -> None:
    clock, places = world.clock, world.places
    goods, groups = products(world.goods, clock.start), places.group_rows()
    listed = channel_rows(world.assumptions, world.money, clock.start)
    for day in range(clock.nights):
        campaign = campaign_rows(world.assumptions, world.money, clock, campaigns, world.goods, clock.date(day))
        for export, rows in (
            ("channels", listed), ("products", goods), ("staff", places.staff_rows(day)), ("groups", groups),
            ("stores", places.store_rows(day)), ("communities", places.community_rows(day)), ("campaigns", campaign),
        ):
            world.delivery.snapshot(export, day, rows)
        world.delivery.snapshot("fx_rates", day, fx_rows(world.money, clock, day), grows=True)


def channel_rows(assumptions: Assumptions, money: Money, start: date, suffix: str = "") -> list[dict]:
    """The channels export."""
    budget = amount(int(money.cents(20_000.0)))
    return [
        {"channel_code": c.code, "channel_name": c.name + suffix, "domain": c.domain, "category": c.category,
         "is_paid": c.is_paid, "pricing_model": c.pricing, "started_on": start,
         "monthly_budget": budget if c.is_paid else None}
        for c in assumptions.channels
    ]


def fx_rows(money: Money, clock: Clock, day: int) -> list[dict]:
    """The rates of one day."""
    return [
        {"rate_date": clock.date(day), "currency": currency,
         "rate": "{}.{:04d}".format(*divmod(int(money.rate_of_day(number, day)), 10_000))}
        for number, currency in enumerate(money.foreign)
    ]
