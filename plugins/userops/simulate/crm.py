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

from userops.errors import UseropsError
from userops.simulate import business
from userops.simulate.book import Book, write_folder
from userops.simulate.business import CHANNELS, Channel
from userops.simulate.draw import Draw
from userops.simulate.people import Crm, Person

TIMEZONE, CURRENCY = "Europe/London", "GBP"
SUFFIX = " (simulated)"
GROUPS = ("G1", "G2", "G3")
PROSPECTS_PER_BUYER = 0.3
CITIES = ("London", "Manchester", "Leeds", "Bristol", "Glasgow", "Cardiff", "Norwich")
DELTAS = ("ad_stats", "touches", "contacts", "friendships", "group_members", "events", "pushes")
# A gift retailer has no street stores in this file; its cheap advertising is in pence.
UCI_CHANNELS = tuple(
    replace(c, cost_per_person=c.cost_per_person // 2, keywords=tuple(k and "gift ideas" for k in c.keywords[:1]))
    for c in CHANNELS
    if c.code != "store_qr"
)


def simulate_crm(source_csv: Path, landing: Path, seed: int) -> None:
    """Add simulated channel and CRM exports to the landing folders that replay the UCI file.

    Folder k gets what became known after folder k−1's date up to its own, so each customer's contact stands
    in the folder of its first invoice or in an earlier one.
    """
    dates = _folders(landing)
    invoices = _invoices(source_csv, dates[-1])
    book, draw = Book(TIMEZONE), Draw(seed)
    crm = Crm(book, draw, [f"S{i}" for i in range(1, 5)], list(GROUPS), [])
    start = min(m for moments in invoices.values() for m in moments).date()
    people = _people(draw, invoices, start, dates[-1])
    for person in people:
        crm.touch(person)
        crm.befriend(person, 0.9 if person.channel.code == "staff_wecom" else 0.12)
        crm.join_group(person, 0.9 if person.channel.code == "groups" else 0.06)
        crm.behave(person)
        crm.register(person)
    _spend(crm, people, start, dates[-1])
    for month in _months(start, dates[-1]):
        crm.push(people, month + timedelta(days=6))
    since = date.min
    for day in dates:
        write_folder(landing / day.isoformat(), _exports(book, start, since, day), new_manifest=False)
        since = day + timedelta(days=1)


def _folders(landing: Path) -> list[date]:
    found = []
    for folder in Path(landing).iterdir():
        try:
            found.append(date.fromisoformat(folder.name))
        except ValueError:
            continue
    if not found:
        raise UseropsError(f"{landing} holds no dated folder.", mend="write the order folders first.")
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
    for customer, invoice, at in _rows(Path(source)):
        if at.date() <= last:
            key = customer, invoice
            first[key] = min(at, first.get(key, at))
    by_customer: dict[str, list[datetime]] = defaultdict(list)
    for (customer, _), at in first.items():
        by_customer[customer].append(at)
    if not by_customer:
        raise UseropsError(f"{source} names no customer up to {last}.", mend="check the file and the folders' dates.")
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


def _people(draw: Draw, invoices: dict[str, list[datetime]], start: date, last: date) -> list[Person]:
    people = []
    for number, (customer, moments) in enumerate(invoices.items()):
        channel = _channel(draw, len(moments))
        at = moments[0] - timedelta(days=draw.days(2), minutes=draw.between(5, 50))
        contact = _contact(draw, customer, number, channel.code, at)
        people.append(Person(contact, channel, order_moments=moments))
    for number in range(int(len(invoices) * PROSPECTS_PER_BUYER)):
        channel = _channel(draw, 0)
        at = draw.moment(start + timedelta(days=draw.between(0, (last - start).days)))
        contact = _contact(draw, f"P{number:05d}", len(invoices) + number, channel.code, at)
        people.append(Person(contact, channel))
    return people


def _channel(draw: Draw, orders: int) -> Channel:
    """Channels of loyal buyers bring those who order often, as their truth says they do."""
    weights = [
        c.share * (c.first_order * c.again ** min(orders - 1, 4) if orders else 1 - c.first_order) for c in UCI_CHANNELS
    ]
    return draw.pick(UCI_CHANNELS, weights)


def _contact(draw: Draw, contact_id: str, number: int, channel_code: str, at: datetime) -> dict:
    return {
        # National form, because a cell that starts with + would be run by a spreadsheet; and a range that phone
        # libraries accept, which they do not for the numbers set aside for fiction. Nothing is ever sent.
        "contact_id": contact_id,
        "phone": f"07400 {900000 + number:06d}" if draw.chance(0.7) else None,
        "email": f"buyer{number}@example.com" if draw.chance(0.85) else None,
        "unionid": f"sim-un{number:06x}" if draw.chance(0.2) else None,
        "external_userid": f"sim-wm{number:06x}" if channel_code in ("staff_wecom", "groups") else None,
        "device_id": f"sim-dev{number:06x}" if draw.chance(0.5) else None,
        "nickname": f"Buyer {number}",
        "gender": draw.pick(("f", "m", "u"), (0.5, 0.3, 0.2)),
        "birth_year": draw.between(1940, 1992) if draw.chance(0.5) else None,
        "city": draw.pick(CITIES),
        "registered_at": at,
        "source_channel_code": channel_code if draw.chance(0.9) else None,
        "sms_consent": draw.chance(0.5),
        "email_consent": draw.chance(0.7),
        "wechat_consent": draw.chance(0.2),
        "app_push_consent": draw.chance(0.3),
        "weibo_consent": False,
    }


def _months(start: date, last: date) -> list[date]:
    days = ((last - start).days + 1) if last >= start else 0
    return sorted({(start + timedelta(days=k)).replace(day=1) for k in range(days)})


def _spend(crm: Crm, people: list[Person], start: date, last: date) -> None:
    brought: dict[tuple[str, date], int] = defaultdict(int)
    for person in people:
        brought[person.channel.code, max(person.registered_at.date(), start)] += 1
    for k in range((last - start).days + 1):
        day = start + timedelta(days=k)
        for channel in UCI_CHANNELS:
            if channel.is_paid:
                crm.advertise(channel, day, brought[channel.code, day], CURRENCY)


def _exports(book: Book, start: date, since: date, day: date) -> dict[str, str]:
    opened = datetime(start.year, start.month, start.day, 9)
    groups = [
        {
            "group_id": g,
            "group_name": f"Group {i + 1}{SUFFIX}",
            "kind": "community",
            "owner_staff_id": f"S{i + 1}",
            "created_at": opened,
        }
        for i, g in enumerate(GROUPS)
    ]
    roles = ("founder", "employee", "customer_service", "employee")
    snapshots = {
        "channels": business.channels(start, UCI_CHANNELS, SUFFIX),
        "groups": groups,
        "staff": business.staff(roles, has_stores=False),
        "campaigns": business.campaigns(start, day, UCI_CHANNELS, SUFFIX),
    }
    deltas = {export: book.rows(export, since, day) for export in DELTAS}
    return {export: book.text(export, rows) for export, rows in (snapshots | deltas).items()}
