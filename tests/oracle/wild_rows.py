"""What the wild business does, export by export."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from oracle.delivery import ERASED_BY, Delivery
from oracle.snapshots import change_snapshots
from oracle.wild import CHANNELS, CURRENCIES, EVENT_TYPES, GROUPS, KEYWORDS, MEDIA, SKUS, STAFF, STORES, Wild
from oracle.wild_orders import orders

COMMUNITIES = [*(f"CM{i}" for i in range(1, 13)), "WCM7", "WCM8", "WCM9"]
CONSENTS = [f"{medium}_consent" for medium in ("sms", "email", "wechat", "app_push", "weibo")]
EVENTS = 1900  # so many that one pair of rows may tie within the first folder's file


def deliver_wild(delivery: Delivery, seed: int, first: date, last: date) -> None:
    """Add the whole wild business to a delivery."""
    wild = Wild(delivery, seed, first, last)
    for maker in (
        contacts, orders, touches, events, friendships, group_members, pushes, coupons, points, memberships,
        stage_events, ad_stats, erasure_requests, contact_identifiers, contact_tags,
    ):
        maker(wild)
    change_snapshots(delivery)


def contacts(wild: Wild) -> None:
    for contact_id in wild.contacts:
        registered = None if wild.chance(0.2) else wild.moment()
        row = {
            "contact_id": contact_id,
            **wild.identifiers(contact_id, email=True),
            "external_userid": wild.pick((f"wild-wm{wild.near(contact_id)}",), empty=0.8),
            "nickname": contact_id,
            "gender": wild.pick("fmu"),
            "birth_year": wild.pick((1950, 1970, 1980, 1990, 2000, 2007, 2010), empty=0.4),
            "city": wild.pick(("Shanghai", "Wuxi", "Łódź"), empty=0.4),
            "city_tier": wild.pick((1, 2, 6), empty=0.4),
            "registered_at": registered,
            "source_channel_code": wild.pick(CHANNELS, empty=0.6),
            "referrer_contact_id": wild.pick([*wild.contacts, "C0000001", "NOBODY"], empty=0.5),
            "store_id": wild.pick(STORES, empty=0.6),
            "community_id": wild.pick(COMMUNITIES, empty=0.5),
            **{flag: wild.pick((True, True, False), empty=0.1) for flag in CONSENTS},
            "deleted_at": None,
        }
        updated = wild.moment(registered, 30) if registered else wild.moment()
        wild.send("contacts", row, updated)
        for _ in range(wild.draw.randrange(3)):
            change = {**wild.identifiers(contact_id, email=True), "sms_consent": wild.chance(0.5)}
            change |= {"source_channel_code": wild.pick(CHANNELS, empty=0.5)}
            if wild.chance(0.15):
                change["deleted_at"] = updated
            kept = dict(wild.draw.sample(list(change.items()), 3))
            wild.correct("contacts", row, kept, updated)


def touches(wild: Wild) -> None:
    for number in range(320):
        at = wild.moment()
        row = {
            "touch_id": f"XT{number:04d}",
            "occurred_at": at,
            "channel_code": wild.pick(CHANNELS),
            "touchpoint": wild.pick(("homepage", "group"), empty=0.4),
            **wild.who(email=True),
        }
        wild.send("touches", row, at)
        if wild.chance(0.1):
            wild.correct("touches", row, {"channel_code": wild.pick(CHANNELS)}, at)


def events(wild: Wild) -> None:
    """Most lie in one file, where two rows of one key may tie: the later line holds."""
    first = wild.delivery.dates[0]
    for number in range(EVENTS):
        at = wild.moment()
        row = {
            "event_id": f"XE{number:05d}",
            **{name: value for name, value in wild.who().items() if name in ("contact_id", "device_id")},
            "occurred_at": at,
            "event_type": wild.pick(EVENT_TYPES),
            "sku": wild.pick(SKUS, empty=0.6),
        }
        wild.send("events", row, at)
        if wild.chance(0.03):
            wild.correct("events", row, {"event_type": "consult"}, at)
    early = wild.moment(None, 300)
    row = {"event_id": "TIE", "contact_id": "W001", "occurred_at": early, "updated_at": early}
    for kind in ("browse", "consult"):
        wild.delivery.add("events", row | {"event_type": kind}, first)


def friendships(wild: Wild) -> None:
    pairs = {(wild.pick(STAFF), wild.pick(wild.contacts)) for _ in range(70)}
    for staff_id, contact_id in sorted(pairs):
        added = wild.moment()
        row = {
            "staff_id": staff_id,
            "contact_id": contact_id,
            "added_at": added,
            "add_way": wild.pick(("scan", "search", "group", "share", "other")),
            "channel_code": wild.pick(CHANNELS, empty=0.4),
            "first_reply_at": wild.moment(added, 20) if wild.chance(0.5) else None,
            "deleted_at": None,
        }
        updated = row["first_reply_at"] or added
        wild.send("friendships", row, updated)
        if not wild.chance(0.35):
            continue
        gone = wild.moment(updated + timedelta(seconds=1), 30)
        if gone <= updated:
            continue
        wild.send("friendships", row | {"deleted_at": gone}, gone)
        again = wild.moment(gone + timedelta(seconds=1), 90)
        if again > gone and wild.chance(0.6):
            change = {"added_at": again, "first_reply_at": None, "channel_code": wild.pick(CHANNELS, empty=0.4)}
            wild.send("friendships", row | change, again)


def group_members(wild: Wild) -> None:
    for _ in range(90):
        joined = wild.moment()
        row = {
            "group_id": wild.pick(GROUPS),
            "contact_id": wild.pick(wild.contacts),
            "joined_at": joined,
            "join_way": wild.pick(("invite", "scan", "link")),
            "inviter_contact_id": wild.pick(wild.contacts, empty=0.5),
            "left_at": None,
        }
        wild.send("group_members", row, joined)
        left = wild.moment(joined, 60)
        if wild.chance(0.4) and left > joined:
            wild.send("group_members", row | {"left_at": left}, left)


def pushes(wild: Wild) -> None:
    for number in range(300):
        sent = wild.moment()
        delivered = wild.moment(sent, 1) if wild.chance(0.85) else None
        opened = wild.moment(delivered, 3) if delivered and wild.chance(0.5) else None
        row = {
            "push_id": f"XP{number:04d}",
            "campaign_id": wild.pick(("MSG_202501", "MSG_202503", "WILD_CAMPAIGN"), empty=0.2),
            "contact_id": wild.pick(wild.contacts),
            "medium": wild.pick(MEDIA),
            "sent_at": sent,
            "delivered_at": delivered,
            "opened_at": opened,
            "clicked_at": wild.moment(opened, 2) if opened and wild.chance(0.4) else None,
            "unsubscribed_at": wild.moment(opened, 2) if opened and wild.chance(0.25) else None,
        }
        latest = max(value for name, value in row.items() if name.endswith("_at") and value)
        wild.send("pushes", row, latest)
        if wild.chance(0.1):
            wild.correct("pushes", row, {"medium": wild.pick(MEDIA)}, latest)


def coupons(wild: Wild) -> None:
    for number in range(60):
        issued = wild.moment()
        redeemed = wild.moment(issued, 30) if wild.chance(0.5) else None
        row = {
            "coupon_id": f"XK{number:03d}",
            "contact_id": wild.pick(wild.contacts),
            "campaign_id": wild.pick(("MSG_202501", "MSG_202503", "WILD_CAMPAIGN"), empty=0.2),
            "face_value": Decimal(wild.pick((500, 1000, 0))).scaleb(-2),
            "issued_at": issued,
            "expires_at": issued + timedelta(days=60),
            "redeemed_at": redeemed,
            "order_id": f"X{wild.draw.randrange(260):04d}" if redeemed else None,
        }
        wild.send("coupons", row, redeemed or issued)


def points(wild: Wild) -> None:
    for number in range(250):
        at = wild.moment()
        reason = wild.pick(["check_in", "purchase", "review", "share", "game", "redeem", "expire", "adjust"])
        amount = wild.draw.randrange(0, 50)
        if reason in ("redeem", "expire") or (reason in ("adjust", "purchase") and wild.chance(0.4)):
            amount = -amount
        row = {
            "entry_id": f"XL{number:04d}",
            "contact_id": wild.pick(wild.contacts),
            "occurred_at": at,
            "points": amount,
            "reason": reason,
        }
        wild.send("points", row, at)
        if wild.chance(0.1):
            wild.correct("points", row, {"points": amount * 2}, at)


def memberships(wild: Wild) -> None:
    for _ in range(70):
        effective = wild.moment() + timedelta(days=wild.pick((0, 0, 0, 45)))
        row = {
            "contact_id": wild.pick(wild.contacts),
            "plan": wild.pick(("level", "level", "plus", "monthly")),
            "level": wild.draw.randrange(0, 6),
            "effective_at": effective,
            "expires_at": effective + timedelta(days=wild.pick((0, 30, 200))) if wild.chance(0.5) else None,
        }
        wild.send("memberships", row, min(wild.moment(None, 100), effective))


def stage_events(wild: Wild) -> None:
    for number in range(90):
        at = wild.moment()
        row = {
            "event_id": f"XS{number:03d}",
            "contact_id": wild.pick(wild.contacts),
            "track": wild.pick(("exam", "exam", "repair")),
            "stage_code": wild.pick(("enrolled", "exam_taken", "certified")),
            "occurred_at": at,
        }
        wild.send("stage_events", row, at)


def ad_stats(wild: Wild) -> None:
    seen = set()
    for _ in range(150):
        at = wild.moment()
        row = {
            "stat_date": at.astimezone(wild.delivery.zone).date(),
            "channel_code": wild.pick(("search_ads", "short_video", "fair", "not_listed")),
            "campaign_id": wild.pick(("A1", "A2")),
            "keyword": wild.pick(KEYWORDS),
        }
        # Drawn apart, so that the other exports stay as they are.
        side = Random(len(seen))
        level = side.choice(("", "campaign", "campaign", "ad_group", "ad")) if not row["keyword"] else ""
        row |= {"level": level, "ad_group_id": "g1" if level in ("ad_group", "ad") else "",
                "ad_id": side.choice(("a1", "a2")) if level == "ad" else ""}
        key = tuple(row.values())
        if key in seen or (not level and (*key[:4], "campaign", *key[5:]) in seen):
            continue
        seen.add(key if level or row["keyword"] else (*key[:4], "campaign", *key[5:]))
        row |= {"platform_conversions": side.choice((None, 0, "1.5", 3)),
                "platform_conversion_value": side.choice((None, "0.00", "99.99"))}
        clicks = wild.draw.randrange(0, 9)
        row |= {
            "impressions": clicks * wild.pick((1, 7)),
            "clicks": clicks,
            "cost": Decimal(wild.pick((0, 101, 5000, 33333))).scaleb(-2),
            "currency": wild.pick(CURRENCIES),
        }
        wild.send("ad_stats", row, at)
        if wild.chance(0.2):
            wild.correct("ad_stats", row, {"cost": row["cost"] + 1, "impressions": clicks * 9}, at)


def contact_identifiers(wild: Wild) -> None:
    """Of themselves, of their neighbour, now and then of anybody; some are removed, some identify nobody."""
    for number in range(70):
        contact_id = wild.pick([*wild.contacts, "GHOST"])
        kind = wild.pick(("phone", "email", "unionid", "external_userid", "device_id"))
        near = wild.near(contact_id, 0.1)
        value = {
            "phone": wild.phone(near) or f"+8613700100{number:03d}", "email": f"Second{near}@example.com",
            "unionid": f"wild-un{near}", "external_userid": f"wild-wm{near}",
            "device_id": wild.pick(("kiosk", f"d{number}")),
        }[kind]  # fmt: skip
        at = wild.moment()
        row = {"contact_id": contact_id, "kind": kind, "value": value, "removed_at": None}
        wild.send("contact_identifiers", row, at)
        gone = wild.moment(at + timedelta(seconds=1), 60)
        if gone > at and wild.chance(0.25):
            wild.send("contact_identifiers", row | {"removed_at": gone}, gone)


def contact_tags(wild: Wild) -> None:
    for _ in range(60):
        added = wild.moment()
        row = {
            "contact_id": wild.pick(wild.contacts),
            "staff_id": wild.pick(STAFF, empty=0.3),
            "tag_name": wild.pick(("VIP", "VIP", "new", "VIP2")),
            "added_at": wild.pick((added,), empty=0.2),
            "removed_at": None,
        }
        wild.send("contact_tags", row, added)
        gone = wild.moment(added + timedelta(seconds=1), 90)
        if gone > added and wild.chance(0.3):
            wild.send("contact_tags", row | {"removed_at": gone}, gone)


def erasure_requests(wild: Wild) -> None:
    """None erases after `ERASED_BY`: a night that erases is built whole, the last one shall build on the one before."""
    for number, contact_id in enumerate(wild.draw.sample(wild.contacts, 8)):
        scope = "erase" if number < 5 else "restrict"
        at = wild.moment(None, (ERASED_BY - wild.first).days if scope == "erase" else None)
        row = {"request_id": f"Q{number}", "contact_id": contact_id, "requested_at": at, "scope": scope}
        wild.delivery.add_known("erasure_requests", row, at, wild.draw.randrange(0, 2))
