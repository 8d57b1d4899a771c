"""Simulated channel and CRM data for the real buyers of the UCI file; every name says that it is simulated."""

import csv
import gzip
import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO

import numpy as np

from userops.errors import UseropsError
from userops.simulate.advertising import write_advertising
from userops.simulate.assumptions import Assumptions, Country, Money, load_assumptions
from userops.simulate.business import channel_rows
from userops.simulate.campaigns import Campaign, campaign_rows
from userops.simulate.campaigns import messages as message_campaigns
from userops.simulate.clock import DAY, Clock
from userops.simulate.communities import write_friendships, write_group_stays
from userops.simulate.contacts import write_contacts
from userops.simulate.csv_columns import table
from userops.simulate.delivery import Delivery
from userops.simulate.goods import Goods
from userops.simulate.journeys import write_events, write_touches
from userops.simulate.locations import Places
from userops.simulate.messages import send, write_pushes
from userops.simulate.people import Crowd, Seconds, describe
from userops.simulate.purchases import Purchases
from userops.simulate.season import Season
from userops.simulate.truth import Truth
from userops.simulate.world import World, pick, waits

SUFFIX = " (simulated)"
# Buyers come a little before their first invoice.
DAYS_BEFORE = 7
STAFF, GROUPS = 4, 3
ROLES = ("founder", "employee", "customer_service", "employee")
PROSPECTS_PER_BUYER = 0.3
# The orders come from a source of this name, so a customer's contact is one of its rows.
SOURCE = "uci"
EXPORTS = ("channels", "ad_stats", "touches", "contacts", "friendships", "groups", "group_members", "staff",
           "campaigns", "events", "pushes")


def simulate_crm(source_csv: Path, landing: Path, seed: int) -> None:
    """Add simulated channel and CRM exports to the landing folders that replay the UCI file.

    Folder k gets what became known after folder k−1's date up to its own, so each customer's contact stands
    in the folder of its first invoice or in an earlier one.
    """
    dates = _folders(landing)
    invoices = _invoices(Path(source_csv), dates[-1])
    start = min(moments[0] for moments in invoices.values()).date() - timedelta(days=DAYS_BEFORE)
    clock = Clock(start, (dates[-1] - start).days + 1, "Europe/London")
    assumptions = _causes(load_assumptions())
    campaigns = message_campaigns(assumptions, clock)
    money, country = Money.of(assumptions, "GBP"), Country.of(assumptions, "GB")
    delivery = Delivery(landing, clock, EXPORTS, folders=dates, new_manifest=False)
    season, goods = Season(clock, assumptions["seasons"]), Goods(assumptions, money, clock)
    world = World(seed, assumptions, clock, season, money, country, goods,
                  _places(assumptions, country, clock, invoices), delivery,
                  Truth(len(assumptions.channels), len(campaigns), len(clock.months())))
    crowd, bought = _people(world, invoices)
    _write(world, crowd, bought, campaigns)
    for folder, day in enumerate(dates):
        _write_snapshots(world, campaigns, folder, day)
    delivery.close()


def _folders(landing: Path) -> list[date]:
    found = []
    for folder in Path(landing).iterdir():
        try:
            found.append(date.fromisoformat(folder.name))
        except ValueError:
            continue
    if not found:
        raise UseropsError(f"{landing} holds no dated folder.", fix="write the order folders first.")
    return sorted(found)


def _open(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return gzip.open(path)
    if path.suffix == ".zst":
        import zstandard

        return zstandard.ZstdDecompressor().stream_reader(path.open("rb"))
    return path.open("rb")


def _invoices(source: Path, last: date) -> dict[str, list[datetime]]:
    """Each customer's invoice moments up to `last`, cancellations too: those name the customer as well."""
    first: dict[tuple[str, str], datetime] = {}
    for customer, invoice, at in _rows(source):
        if at.date() <= last:
            key = customer, invoice
            first[key] = min(at, first.get(key, at))
    by_customer: dict[str, list[datetime]] = defaultdict(list)
    for (customer, _), at in first.items():
        by_customer[customer].append(at)
    if not by_customer:
        raise UseropsError(f"{source} names no customer up to {last}.", fix="check the file and the folders' dates.")
    return {customer: sorted(by_customer[customer]) for customer in sorted(by_customer)}


def _rows(source: Path) -> Iterator[tuple[str, str, datetime]]:
    moments: dict[str, datetime] = {}  # lines of an invoice repeat its time
    with _open(source) as raw:
        for row in csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8", newline="")):
            if row["CustomerID"]:
                text = row["InvoiceDate"]
                if text not in moments:
                    moments[text] = datetime.fromisoformat(text)
                yield row["CustomerID"], row["InvoiceNo"], moments[text]


def _causes(assumptions: Assumptions) -> Assumptions:
    """A gift retailer has no street stores; its people are known once, and nothing is planted that its real orders
    could not bear out."""
    listed = tuple(
        replace(c, keywords=tuple(k and "gift ideas" for k in c.keywords[:1]), until=1.0)
        for c in assumptions.channels if c.code not in ("store_qr", "forum")
    )
    identity = assumptions["identity"] | {"shared_from_people": 1 << 60, "erased": 0, "deleted": 0, "restricted": 0}
    effects = [kind | {"effect": 0.0, "effect_idle": 0.0} for kind in assumptions["campaigns"]["kinds"]]
    campaigns = assumptions["campaigns"] | {"kinds": effects, "days": assumptions["campaigns"]["days"][:1]}
    return Assumptions(listed, assumptions.traits, assumptions.rest | {"identity": identity, "campaigns": campaigns})


def _places(assumptions: Assumptions, country: Country, clock: Clock, invoices: dict) -> Places:
    places = Places(assumptions, country, clock, len(invoices))
    places.friends_staff, places.groups = np.arange(STAFF), GROUPS
    places.communities, places.community_city = [], np.zeros(0, dtype=np.int64)
    return places


def _people(world: World, invoices: dict[str, list[datetime]]) -> tuple[Crowd, Purchases]:
    """Buyers a little before their first invoice, and people who never buy."""
    chance, clock = world.chance("buyers"), world.clock
    buyers = len(invoices)
    prospects = int(buyers * PROSPECTS_PER_BUYER)
    counts = np.array([len(moments) for moments in invoices.values()])
    origin = datetime(clock.start.year, clock.start.month, clock.start.day)
    walls = np.array([int((at - origin).total_seconds()) for moments in invoices.values() for at in moments])
    at = clock.at(walls // DAY, walls % DAY)
    first = at[np.cumsum(counts) - counts]
    before = chance.integers(300, 3000, buyers) + waits(chance, 2, buyers).clip(max=DAYS_BEFORE - 1) * DAY
    born = np.append(first - before, world.season.moments(chance, world.season.arrival_days(chance, prospects)))
    buyer_names = [f"{SOURCE}:{customer}" for customer in invoices]
    names = table([*buyer_names, *(f"P{number:05d}" for number in range(prospects))])[:-1]
    number = np.arange(buyers + prospects)
    channel = _channels(world, chance, np.append(counts, np.zeros(prospects, dtype=np.int64)))
    crowd = Crowd(number, names, born, channel, np.zeros((len(number), 1), dtype=np.uint8))
    describe(world, crowd, chance)
    # Everyone here registers first.
    crowd.registered = crowd.born.copy()
    return crowd, Purchases.plain(np.repeat(np.arange(buyers), counts), at)


def _channels(world: World, chance: np.random.Generator, orders: np.ndarray) -> np.ndarray:
    """Channels of loyal buyers bring those who order often, as their truth says they do."""
    assumptions = world.assumptions
    share = assumptions.column("share") + (assumptions.column("share") == 0) * 0.05
    first, again = assumptions.column("first_order"), assumptions.column("again")
    shares = [share * (1 - first)] + [share * first * again**count for count in range(5)]
    kind = np.minimum(orders, 5)
    channel = np.zeros(len(orders), dtype=np.int64)
    for number, weights in enumerate(shares):
        of_it = np.flatnonzero(kind == number)
        channel[of_it] = pick(chance, weights, len(of_it))
    return channel


def _write(world: World, crowd: Crowd, bought: Purchases, campaigns: list[Campaign]) -> None:
    nobody = np.zeros(0, dtype=np.int64)
    sent, _ = send(world, crowd, world.chance("send"), campaigns, bought)
    buyers = np.bincount(bought.person, minlength=len(crowd)) > 0
    write_contacts(world, crowd, Seconds(nobody, nobody, nobody, nobody), world.chance("contacts"))
    write_friendships(world, crowd, world.chance("friendships"))
    write_group_stays(world, crowd, world.chance("groups"))
    write_touches(world, crowd, world.chance("touches"), bought)
    write_events(world, crowd, world.chance("events"), bought, np.full(len(bought), -1))
    write_pushes(world, crowd, world.chance("pushes"), sent, campaigns, buyers)
    brought = np.zeros((world.clock.nights, len(world.assumptions.channels)), dtype=np.int64)
    np.add.at(brought, (np.maximum(world.clock.day(crowd.born), 0), crowd.channel), 1)
    write_advertising(world, brought)


def _write_snapshots(world: World, campaigns: list[Campaign], folder: int, day: date) -> None:
    groups = [row | {"group_name": row["group_name"] + SUFFIX, "kind": "community"}
              for row in world.places.group_rows()]
    staff = [{"staff_id": f"S{k + 1}", "staff_name": f"Colleague {k + 1}", "role": role}
             for k, role in enumerate(ROLES)]
    for export, rows in (
        ("channels", channel_rows(world.assumptions, world.money, world.clock.start, SUFFIX)),
        ("groups", groups), ("staff", staff),
        ("campaigns", campaign_rows(world.assumptions, world.money, world.clock, campaigns, None, day, SUFFIX)),
    ):
        world.delivery.snapshot(export, folder, rows)
