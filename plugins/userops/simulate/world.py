"""A whole simulated business, night by night, with the truth beside it."""

import json
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from userops.errors import UseropsError
from userops.simulate import business
from userops.simulate.book import Book, money, write_folder
from userops.simulate.business import CHANNELS, PLACES
from userops.simulate.columns import COLUMNS, REQUIRED_DELTAS
from userops.simulate.draw import Draw
from userops.simulate.people import Crm, Person
from userops.simulate.shop import Shop

TIMEZONE, CURRENCY = "Asia/Shanghai", "CNY"
GROUPS = tuple(f"G{i + 1}" for i in range(5))
# A number that more contacts carry than `identity_key_max_contacts`: it must link nobody.
SHARED_PHONE, SHARED_BY, SHARED_FROM_USERS = "13800009999", 7, 100


def simulate(out: Path, users: int, nights: int, start: date, seed: int) -> dict:
    """Write `nights` folders of canonical exports under `out` and the truth in `out/_truth`; returns the truth.

    Every row lies in the folder of the day it was made or changed; the same arguments give the same bytes.
    """
    if users < 1 or nights < 1:
        raise UseropsError("A simulation needs at least one user and one night.", mend="raise --users or --nights.")
    out = Path(out)
    end = start + timedelta(days=nights - 1)
    book, draw = Book(TIMEZONE), Draw(seed)
    crm = Crm(book, draw, [f"S{i}" for i in range(1, 7)], list(GROUPS), [f"SKU{i:03d}" for i in range(20)])
    shop = Shop(crm, CURRENCY, datetime(end.year, end.month, end.day, 23, 59, 59))
    people = _acquire(crm, users, nights, start)
    for number, person in enumerate(people):
        _live(crm, shop, person, end, must_buy=number == 0)
    persons = {p.contact_id: [p.contact_id] for p in people}
    _second_contacts(crm, people, persons, end)
    _spend(crm, people, nights, start)
    for month in sorted({d.replace(day=1) for d in _days(start, nights)}):
        crm.push(people, max(month + timedelta(days=9), start + timedelta(days=1)))
    for number, day in enumerate(_days(start, nights)):
        write_folder(out / day.isoformat(), _night(book, start, day, number), new_manifest=True)
    return _write_truth(out, shop, persons, {"users": users, "nights": nights, "start": str(start), "seed": seed})


def _days(start: date, nights: int) -> list[date]:
    return [start + timedelta(days=k) for k in range(nights)]


def _acquire(crm: Crm, users: int, nights: int, start: date) -> list[Person]:
    """People arrive evenly over the nights, each through a channel drawn by its share."""
    people: list[Person] = []
    shares = [channel.share for channel in CHANNELS]
    for number in range(users):
        channel = crm.draw.pick(CHANNELS, shares)
        at = crm.draw.moment(start + timedelta(days=number * nights // users))
        people.append(Person(_contact(crm.draw, number, users, channel.code, at), channel))
        earlier = [p for p in people[max(0, number - 50) : number] if p.registered_at < at]
        if channel.code == "referral" and earlier:
            people[-1].contact["referrer_contact_id"] = crm.draw.pick(earlier).contact_id
    return people


def _contact(draw: Draw, number: int, users: int, channel_code: str, at: datetime) -> dict:
    city, tier, _, _ = draw.pick(PLACES)
    shared = users >= SHARED_FROM_USERS and number < SHARED_BY
    phone = SHARED_PHONE if shared else f"139{number:08d}" if draw.chance(0.85) else None
    return {
        "contact_id": f"C{number:07d}",
        "phone": phone,
        "email": f"person{number}@example.com" if draw.chance(0.4) else None,
        "unionid": f"un{number:08x}" if draw.chance(0.6) else None,
        "external_userid": f"wm{number:08x}" if channel_code in ("staff_wecom", "groups", "store_qr") else None,
        "device_id": f"dev{number:08x}" if draw.chance(0.5) else None,
        "nickname": f"Person {number}",
        "gender": draw.pick(("f", "m", "u"), (0.55, 0.35, 0.10)),
        "birth_year": draw.between(1955, 2006) if draw.chance(0.7) else None,
        "city": city,
        "city_tier": tier,
        "registered_at": at,
        "source_channel_code": channel_code if draw.chance(0.9) else None,
        "store_id": f"ST{draw.between(1, 3)}" if channel_code == "store_qr" else None,
        "community_id": f"CM{draw.between(1, 6)}" if draw.chance(0.3) else None,
        "sms_consent": draw.chance(0.7),
        "email_consent": draw.chance(0.5),
        "wechat_consent": draw.chance(0.8),
        "app_push_consent": draw.chance(0.5),
        "weibo_consent": draw.chance(0.1),
    }


def _live(crm: Crm, shop: Shop, person: Person, end: date, *, must_buy: bool) -> None:
    draw, channel = crm.draw, person.channel
    crm.touch(person)
    crm.befriend(person, 0.9 if channel.code == "staff_wecom" else 0.15)
    crm.join_group(person, 0.9 if channel.code == "groups" else 0.10)
    day, after = person.registered_at.date(), person.registered_at
    buys = must_buy or draw.chance(channel.first_order)
    day += timedelta(days=0 if must_buy else min(draw.days(4), 29))
    while buys and day <= end:
        shop.buy(person, draw.moment(day, after))
        day += timedelta(days=1 + draw.days(channel.gap_days))
        buys = draw.chance(channel.again)
    crm.behave(person)
    crm.register(person)


def _second_contacts(crm: Crm, people: list[Person], persons: dict[str, list[str]], end: date) -> None:
    """Some people come in a second time through the app, with the same phone."""
    for person in people:
        first = person.contact
        if not first["phone"] or first["phone"] == SHARED_PHONE or not crm.draw.chance(0.05):
            continue
        at = crm.draw.moment(person.registered_at.date() + timedelta(days=crm.draw.between(1, 20)))
        if at.date() > end:
            continue
        twin = first | {
            "contact_id": first["contact_id"] + "B",
            "registered_at": at,
            "email": None,
            "unionid": None,
            "external_userid": None,
            "referrer_contact_id": None,
            "device_id": f"devb{first['contact_id'][1:]}",
        }
        crm.register(Person(twin, person.channel))
        persons[person.contact_id].append(twin["contact_id"])


def _spend(crm: Crm, people: list[Person], nights: int, start: date) -> None:
    """Advertising costs what the people it brings cost, a day at a time."""
    brought: dict[tuple[str, date], int] = defaultdict(int)
    for person in people:
        brought[person.channel.code, person.registered_at.date()] += 1
    for day in _days(start, nights):
        for channel in CHANNELS:
            if channel.is_paid:
                crm.advertise(channel, day, brought[channel.code, day], CURRENCY)


def _groups(start: date) -> list[dict]:
    kinds = ("community", "event", "training", "buying", "community")
    opened = datetime(start.year, start.month, start.day, 9)
    return [
        {
            "group_id": g,
            "group_name": f"Group {i + 1}",
            "kind": kinds[i],
            "owner_staff_id": f"S{i + 1}",
            "store_id": f"ST{i % 3 + 1}",
            "community_id": f"CM{i + 1}",
            "created_at": opened,
        }
        for i, g in enumerate(GROUPS)
    ]


def _night(book: Book, start: date, day: date, number: int) -> dict[str, str]:
    snapshots = {
        "channels": business.channels(start),
        "products": business.products(start),
        "fx_rates": business.fx_rates(start, day),
        "staff": business.staff(),
        "groups": _groups(start),
        "stores": business.stores(start),
        "communities": business.communities(),
        "campaigns": business.campaigns(start, day),
    }
    texts = {}
    for export in COLUMNS:
        rows = snapshots[export] if export in snapshots else book.rows(export, day, day)
        if not rows and export in REQUIRED_DELTAS:
            # A required export is never empty: a source without news sends something known once more.
            rows = book.again(export, day - timedelta(days=1), number)
        texts[export] = book.text(export, rows)
    return texts


def _write_truth(out: Path, shop: Shop, persons: dict, arguments: dict) -> dict:
    net: dict[str, Decimal] = defaultdict(Decimal)
    counted = [o for o in shop.orders if o.counted]
    for order in counted:
        net[order.row["currency"]] += money(order.paid - order.refunded)
    truth = {
        "arguments": arguments,
        "timezone": TIMEZONE,
        "currency": CURRENCY,
        "channels": {c.code: c.truth() for c in CHANNELS},
        "persons": persons,
        "shared_phone": {"contacts": SHARED_BY if arguments["users"] >= SHARED_FROM_USERS else 0},
        "orders": len(shop.orders),
        "counted_orders": len(counted),
        "net_by_currency": {k: str(v) for k, v in sorted(net.items())},
    }
    folder = out / "_truth"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "truth.json").write_text(json.dumps(truth, indent=1, sort_keys=True) + "\n")
    return truth
