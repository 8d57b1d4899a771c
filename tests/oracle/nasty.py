"""Cases by hand, one a function, each of people of its own: the edges that definitions turn on."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from oracle.delivery import Delivery

MIDDLE = date(2025, 4, 30)  # a business date
CONSENTS = dict.fromkeys((f"{m}_consent" for m in ("sms", "email", "wechat", "app_push", "weibo")), True)


class Nasty:
    """Short forms for hand-made rows; `at` is local time, `folder` the index of the folder they come in."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery

    def at(self, text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=self.delivery.zone)

    def send(self, export: str, row: dict, updated: str, folder: date | None = None) -> None:
        """A row in the first folder that may hold it, or in a later one."""
        updated_at = self.at(updated)
        first = self.delivery.folder_of(updated_at.date())
        self.delivery.add(export, row | {"updated_at": updated_at}, max(first, folder or first))

    def contact(self, contact_id: str, registered: str | None, updated: str | None = None, **more: object) -> None:
        folder = more.pop("folder", None)
        row = {"contact_id": contact_id, "gender": "u", "registered_at": registered and self.at(registered)}
        self.send("contacts", row | CONSENTS | more, updated or registered or "2024-01-01T08:00", folder)

    def order(self, order_id: str, paid: str, amount: str = "50.00", **more: object) -> None:
        folder, updated = more.pop("folder", None), more.pop("updated", paid)
        row = {
            "order_id": order_id,
            "status": "completed",
            "placed_at": self.at(paid),
            "paid_at": self.at(paid),
            "gross_amount": amount,
            "discount_amount": "0.00",
            "shipping_amount": "0.00",
            "paid_amount": amount,
            "currency": "CNY",
            "sales_channel": "app",
        }
        self.send("orders", row | more, updated, folder)

    def refund(self, refund_id: str, order_id: str, amount: str, at: str) -> None:
        row = {"refund_id": refund_id, "order_id": order_id, "amount": amount, "refunded_at": self.at(at)}
        self.send("refunds", row, at)

    def touch(self, touch_id: str, at: str, channel: str, **more: object) -> None:
        self.send("touches", {"touch_id": touch_id, "occurred_at": self.at(at), "channel_code": channel} | more, at)

    def event(self, event_id: str, at: str, kind: str, contact_id: str) -> None:
        row = {"event_id": event_id, "occurred_at": self.at(at), "event_type": kind, "contact_id": contact_id}
        self.send("events", row, at)

    def friend(self, contact_id: str, added: str, updated: str, staff: str = "S1", **more: object) -> None:
        row = {"staff_id": staff, "contact_id": contact_id, "added_at": self.at(added), "add_way": "scan"}
        self.send("friendships", row | {k: self.at(v) if k.endswith("_at") else v for k, v in more.items()}, updated)


def deliver_nasty(delivery: Delivery) -> None:
    """Add every case."""
    nasty = Nasty(delivery)
    for case in CASES:
        case(nasty)


def corrections(n: Nasty) -> None:
    """On a tie the later folder holds; an older version that comes later never does; a re-delivery changes nothing."""
    late = n.delivery.dates[-5]
    n.contact("NC", "2024-12-01T10:00")
    n.order("NC1", "2025-01-05T10:00", "10.00", contact_id="NC")
    n.order("NC1", "2025-01-05T10:00", "20.00", contact_id="NC", folder=late)
    n.order("NC2", "2025-01-06T10:00", "30.00", contact_id="NC", updated="2025-01-08T10:00")
    n.order("NC2", "2025-01-06T10:00", "99.00", contact_id="NC", updated="2025-01-07T10:00", folder=late)
    n.order("NC3", "2025-01-07T10:00", "40.00", contact_id="NC")
    n.order("NC3", "2025-01-07T10:00", "40.00", contact_id="NC", folder=late)
    n.order("NC4", "2025-01-09T10:00", "40.00", contact_id="NC")
    n.order("NC4", "2025-01-09T10:00", "40.00", contact_id="NC", status="cancelled", updated="2025-04-02T10:00")


def merges_and_splits(n: Nasty) -> None:
    """Two people become one by an order; five are one by a phone until a sixth contact carries it."""
    n.contact("NM1", "2024-12-05T10:00", phone="13800011101", city="Wuxi", source_channel_code="referral")
    n.contact("NM2", "2025-01-15T10:00", phone="13800011102", birth_year=1990, source_channel_code="fair")
    n.order("NM1", "2025-02-01T10:00", contact_id="NM1")
    n.order("NM2", "2025-03-20T10:00", contact_id="NM1", phone="+86 138-0001-1102")
    for number in range(1, 7):
        registered = "2025-04-10T10:00" if number == 6 else f"2025-01-{number:02d}T10:00"
        n.contact(f"NS{number}", registered, phone="13800011103")
        n.order(f"NS{number}", f"2025-04-{10 + number}T10:00", f"{number}.00", contact_id=f"NS{number}")
    n.order("NS7", "2025-02-01T10:00", phone="13800011103")


def guests(n: Nasty) -> None:
    """Orders known by a phone alone, by no number, by nothing."""
    n.order("NG1", "2025-02-01T10:00", phone="13800011201")
    n.order("NG2", "2025-02-11T10:00", phone="008613800011201")
    n.order("NG3", "2025-02-02T10:00", phone="123")
    n.order("NG4", "2025-02-02T11:00")
    n.order("NG5", "2025-02-03T10:00", device_id="kiosk")
    n.touch("NG1", "2025-01-20T10:00", "fair", phone="13800011201")
    n.touch("NG2", "2025-01-21T10:00", "fair", device_id="kiosk")
    n.touch("NG3", "2025-01-21T10:00", "fair", email=" NOBODY@example.com")


def money(n: Nasty) -> None:
    """Refunds whole, part by part over a business date, more than was paid; nothing paid; halves of a cent."""
    n.contact("NR", "2024-12-10T10:00")
    for number in range(1, 6):
        n.order(f"NR{number}", f"2025-0{number}-01T10:00", "60.00", contact_id="NR")
    n.refund("NR1", "NR1", "60.00", "2025-01-20T10:00")
    n.refund("NR2a", "NR2", "59.99", "2025-02-20T10:00")
    n.refund("NR2b", "NR2", "0.01", "2025-03-20T10:00")
    n.refund("NR3", "NR3", "61.00", "2025-05-25T10:00")
    n.refund("NR4", "NR4", "30.00", "2025-04-30T23:59:59")
    n.refund("NR5", "NR4", "30.00", "2025-05-01T00:00:00")
    n.contact("NZ", "2024-12-11T10:00")
    n.order("NZ1", "2025-01-11T10:00", "0.00", contact_id="NZ")
    n.order("NZ2", "2025-02-11T10:00", "0.00", contact_id="NZ")
    n.refund("NZ2", "NZ2", "5.00", "2025-02-12T10:00")
    # 0.01 × 6.6655 and 1.00 × 8.005 = 8.005: rounded half up.
    n.order("NX1", "2024-03-01T10:00", "0.01", contact_id="NZ", currency="USD")
    n.order("NX2", "2025-03-09T10:00", "1.00", contact_id="NZ", currency="EUR")
    n.order("NX3", "2025-03-08T23:59:59", "1.00", contact_id="NZ", currency="EUR")
    n.refund("NX2", "NX2", "0.33", "2025-04-20T10:00")
    for number, sku in ((1, "NOT_LISTED"), (2, "SKU006"), (3, "SKU001")):
        line = {"order_id": "NX2", "line_no": number, "sku": sku, "quantity": 1, "unit_price": "1.00"}
        n.send("order_lines", line | {"line_amount": "0.33"}, "2025-03-09T10:00")


def midnights(n: Nasty) -> None:
    """The last and the first instant of a day, at the clock change and at the ends of the business dates."""
    for number, day in enumerate((date(2025, 3, 8), date(2025, 3, 9), date(2025, 3, 10), date(2025, 4, 30))):
        contact_id, after = f"NN{number}", day + timedelta(days=1)
        n.contact(contact_id, f"{day}T23:59:59.999999")
        n.order(f"NNa{number}", f"{day}T23:59:59.999999", contact_id=contact_id)
        n.order(f"NNb{number}", f"{after}T00:00:00", contact_id=contact_id)
        n.event(f"NNa{number}", f"{day}T00:00:00", "browse", contact_id)


def bounds(n: Nasty) -> None:
    """Stages and windows on the day of the bound and the day after it."""
    for number, gap in enumerate((29, 30, 31, 44, 45, 46, 59, 60, 89, 90, 91, 180, 181)):
        contact_id, first = f"NB{number}", date(2024, 10, 1)
        n.contact(contact_id, f"{first}T09:00", source_channel_code="social_posts")
        n.order(f"NB{number}a", f"{first}T10:00", contact_id=contact_id)
        n.order(f"NB{number}b", f"{first + timedelta(days=gap)}T10:00", contact_id=contact_id)
        n.contact(f"NP{number}", f"{first}T09:00")
        n.order(f"NP{number}", f"{first + timedelta(days=gap)}T00:00", contact_id=f"NP{number}")
        n.contact(f"NI{number}", f"{first}T09:00")
        n.event(f"NI{number}", f"{first + timedelta(days=gap)}T23:59", ("browse", "consult")[number % 2], f"NI{number}")
    for number, hour in enumerate((1, 2, 3, 4)):
        n.order(f"NL{number}", f"2025-02-0{number + 1}T{hour:02d}:00", contact_id="NB0")
        n.order(f"NL{number}x", "2025-02-20T10:00", contact_id="NB1")


def channels(n: Nasty) -> None:
    """Each way to an acquired channel: touch 29 and 30 days before, touch after the registration, friend, order."""
    for number, at in enumerate(("2025-01-03T00:00", "2025-01-01T23:59", "2025-01-31T23:59", "2025-02-01T00:00")):
        n.contact(f"NA{number}", "2025-01-31T10:00")
        n.touch(f"NA{number}", at, "fair", contact_id=f"NA{number}")
        n.touch(f"NAx{number}", "2025-02-05T10:00", "referral", contact_id=f"NA{number}")
        n.order(f"NA{number}", "2025-02-10T10:00", contact_id=f"NA{number}", channel_code="store_qr")
    n.contact("NA4", None)
    n.friend("NA4", "2025-02-01T10:00", "2025-02-01T10:00", staff="S2", channel_code="groups")
    n.friend("NA4", "2025-02-01T10:00", "2025-02-01T10:00", staff="S1", channel_code="staff_wecom")
    n.contact("NA5", None)
    n.friend("NA5", "2025-02-01T10:00", "2025-02-01T10:00")
    n.friend("NA5", "2025-02-02T10:00", "2025-02-02T10:00", staff="S2", channel_code="groups")
    n.order("NA5", "2025-02-03T10:00", contact_id="NA5", channel_code="store_qr")
    # Two contacts of one person: the source of the one that registered first and has one.
    n.contact("NA6", "2025-01-10T10:00", phone="13800011301")
    n.contact("NA7", "2025-01-09T10:00", phone="13800011301", source_channel_code="fair")
    n.contact("NA8", None, phone="13800011301", source_channel_code="groups")
    # On the middle business date users of 90 days, of a month that is not over for 90; it cost a month before.
    for number, amount in enumerate(("50.00", "70.00")):
        n.contact(f"NAL{number}", "2025-01-30T10:00", source_channel_code="late_channel")
        n.order(f"NAL{number}", "2025-02-10T10:00", amount, contact_id=f"NAL{number}")
    spent = {"stat_date": "2024-12-15", "channel_code": "late_channel", "campaign_id": "A1", "keyword": ""}
    more = {"impressions": 5, "clicks": 1, "cost": "12.00", "currency": "CNY"}
    n.send("ad_stats", spent | more, "2024-12-15T10:00")


def friendships(n: Nasty) -> None:
    """Deleted and added again: acquired by the first time."""
    n.contact("NF", None)
    added, gone = "2024-11-01T10:00", "2025-01-20T10:00"
    n.friend("NF", added, "2024-11-02T10:00", channel_code="staff_wecom", first_reply_at="2024-11-02T10:00")
    n.friend("NF", added, gone, channel_code="staff_wecom", deleted_at=gone)
    n.friend("NF", "2025-04-01T10:00", "2025-04-01T10:00", channel_code="groups")
    n.contact("NF2", "2025-05-01T10:00")
    n.friend("NF2", "2025-04-30T23:00", "2025-05-01T10:00")


def referrers(n: Nasty) -> None:
    """A ring of three and one of two, a person who brought themself, a chain, somebody unknown."""
    referrers = ("NQ3", "NQ1", "NQ2", "NQ5", "NQ4", "NQ6", "NQ1", "NQ7", "NOBODY")
    for number, referrer in enumerate(referrers, 1):
        contact_id = f"NQ{number}"
        n.contact(contact_id, f"2025-01-{number + 5:02d}T10:00", referrer_contact_id=referrer)
        n.order(contact_id, f"2025-02-{number:02d}T10:00", contact_id=contact_id)
    n.contact("NQa", "2025-01-20T10:00", phone="13800011401", referrer_contact_id="NQb")
    n.contact("NQb", "2025-01-21T10:00", phone="13800011401", referrer_contact_id="NQ1")


def erasure(n: Nasty) -> None:
    """Erased between two business dates and delivered again; somebody else shares the phone; one is restricted."""
    for contact_id, phone, device in (("NE1", "13800011501", "ne1"), ("NE2", "13800011502", "ne2")):
        n.contact(contact_id, "2025-01-10T10:00", phone=phone, device_id=device)
    n.contact("NE3", "2025-01-12T10:00", phone="13800011502", referrer_contact_id="NE1")
    n.order("NE1", "2025-01-20T10:00", contact_id="NE1")
    n.order("NE2", "2025-01-21T10:00", phone="13800011501")
    n.order("NE3", "2025-01-22T10:00", phone="13800011502")
    n.touch("NE1", "2025-01-09T10:00", "fair", device_id="ne1")
    n.touch("NE2", "2025-01-09T11:00", "fair", device_id="ne2")
    n.touch("NE3", "2025-01-09T12:00", "fair", contact_id="NE3", device_id="ne1")
    n.touch("NE4", "2025-01-09T12:00", "fair", device_id="ne2", phone="13800011502")
    n.friend("NE1", "2025-01-11T10:00", "2025-01-11T10:00")
    for contact_id, scope in (("NE1", "erase"), ("NE2", "erase"), ("NE3", "restrict")):
        row = {"request_id": contact_id, "contact_id": contact_id, "requested_at": n.at("2025-04-01T10:00")}
        n.send("erasure_requests", row | {"scope": scope}, "2025-04-01T10:00")
    n.contact("NE1", "2025-01-10T10:00", "2025-05-02T10:00", phone="13800011501", device_id="ne1")
    n.order("NE4", "2025-05-05T10:00", contact_id="NE1", phone="13800011501")


def unsubscribed(n: Nasty) -> None:
    """Through another contact of the person; before and after the contact was last changed; a deleted contact."""
    n.contact("NU1", "2025-01-05T10:00", phone="13800011601", unionid="nu1")
    n.contact("NU2", "2025-01-06T10:00", "2025-02-01T10:00", phone="13800011601", device_id="nu2")
    n.contact("NU3", "2025-01-07T10:00", email="nu3@example.com", deleted_at=n.at("2025-01-07T10:00"))
    for push_id, contact_id, medium, at in (
        ("NU1", "NU1", "sms", "2025-01-20T10:00"),
        ("NU2", "NU2", "wecom", "2025-03-01T10:00"),
        ("NU3", "NU1", "app", "2025-02-01T10:00"),
    ):
        moments = dict.fromkeys(("sent_at", "delivered_at", "opened_at", "unsubscribed_at"), n.at(at))
        n.send("pushes", {"push_id": push_id, "contact_id": contact_id, "medium": medium} | moments, at)


def ages_and_tiers(n: Nasty) -> None:
    """On both sides of each bound, of the middle business date's year; one who says nothing, one the gender alone."""
    for number, birth_year in enumerate((2008, 2007, 2001, 2000, 1971, 1970)):
        n.contact(f"NY{number}", "2025-01-05T10:00", birth_year=birth_year, city_tier=1 + number % 3)
    n.contact("NY6", "2025-01-05T10:00")
    n.contact("NY7", "2025-01-05T10:00", gender="m")


def rhythms(n: Nasty) -> None:
    """Orders so many days before the middle business date: first orders, own rhythms, sums of 90 days on the bound."""
    for number, ago in enumerate((6, 7, 13, 14)):
        n.contact(f"ND{number}", "2025-04-01T09:00")
        n.order(f"ND{number}", f"{MIDDLE - timedelta(days=ago)}T10:00", contact_id=f"ND{number}")
    bought = {
        "NK1": ((60, "50.00"), (40, "50.00"), (20, "50.00")),  # the gap is the mean one
        "NK2": ((61, "25.00"), (41, "25.00"), (21, "100.00")),  # a day more; the largest is twice the mean
        "NK3": ((200, "45.00"), (100, "45.00"), (30, "10.00")),  # a tenth of a year's net
        "NK4": ((200, "45.00"), (100, "45.00"), (30, "9.99")),  # a cent less than a tenth
        "NK5": ((200, "45.00"), (100, "45.00"), (90, "10.00")),  # none in 90 days
    }
    # On the bound, and a little off it where quotients are rounded or floats: twice the mean; a mean gap of 4/3 days.
    bought["NK7"] = ((60, "0.35"), (40, "0.35"), (20, "1.40"))
    bought["NK6"] = tuple((ago, "20.00") for ago in (6, 5, 3, 2))
    for contact_id, orders in bought.items():
        n.contact(contact_id, "2024-09-01T09:00")
        for ago, amount in orders:
            n.order(f"{contact_id}-{ago}", f"{MIDDLE - timedelta(days=ago)}T10:00", amount, contact_id=contact_id)
    # A margin of 0.3 of the net: without lines an order costs 0.6 of its amount, whatever is given back.
    n.contact("NK8", "2024-09-01T09:00")
    n.order("NK8", "2025-04-01T10:00", "7.91", contact_id="NK8")
    n.refund("NK8", "NK8", "1.13", "2025-04-02T10:00")


def discounts(n: Nasty) -> None:
    """Deep by the fifth, shallow by a cent; a deep one alone and beside one without; in a store and elsewhere."""
    for contact_id, given, channels in (
        ("NW1", ("10.00",), ("store",)),
        ("NW2", ("9.99",), ("live",)),
        ("NW3", ("10.00", "0.00"), ("group", "store")),
        ("NW4", ("0.00", "0.00"), ("marketplace", "live")),
    ):
        n.contact(contact_id, "2025-03-01T09:00")
        for number, (discount, channel) in enumerate(zip(given, channels, strict=True)):
            more = {"gross_amount": "50.00", "discount_amount": discount, "sales_channel": channel}
            paid = f"{50 - float(discount):.2f}"
            n.order(f"{contact_id}-{number}", f"2025-04-0{number + 1}T10:00", paid, contact_id=contact_id, **more)


def endings(n: Nasty) -> None:
    """Coupons and paid plans that end so many days after the middle business date; plans beside a longer one."""
    for number, left in enumerate((-1, 0, 7, 8)):
        n.contact(f"NO{number}", "2025-02-01T09:00")
        ends = n.at(f"{MIDDLE + timedelta(days=left)}T00:00")
        for coupon in "ab":
            row = {"coupon_id": f"NO{number}{coupon}", "contact_id": f"NO{number}", "face_value": "5.00"}
            issued = {"issued_at": n.at("2025-04-01T10:00"), "expires_at": ends}
            n.send("coupons", row | issued, "2025-04-01T10:00")
    plans = {
        "NV1": (("plus", 14),),
        "NV2": (("plus", 15),),
        "NV3": (("plus", None), ("monthly", 5)),
        "NV4": (("plus", 5), ("monthly", 40)),
        "NV5": (("monthly", 1), ("level", None)),
    }
    for contact_id, held in plans.items():
        n.contact(contact_id, "2025-02-01T09:00")
        for plan, left in held:
            ends = None if left is None else n.at(f"{MIDDLE + timedelta(days=left)}T23:00")
            row = {"contact_id": contact_id, "plan": plan, "level": 0, "effective_at": n.at("2025-04-01T10:00")}
            n.send("memberships", row | {"expires_at": ends}, "2025-04-01T10:00")


def signals(n: Nasty) -> None:
    """On the first day of a window that ends on the middle business date, and on the day before it."""
    for ago in (29, 30, 89, 90):
        contact_id, day = f"NJ{ago}", MIDDLE - timedelta(days=ago)
        n.contact(contact_id, "2025-01-05T10:00")
        for kind in ("browse", "search", "consult", "message_in", "check_in", "content_view", "share"):
            n.event(f"{contact_id}-{kind}", f"{day}T00:00", kind, contact_id)
        push = {"push_id": contact_id, "contact_id": contact_id, "medium": "app", "sent_at": n.at(f"{day}T00:00")}
        n.send("pushes", push | {"unsubscribed_at": n.at(f"{MIDDLE}T23:59")}, f"{MIDDLE}T23:59")


def replies(n: Nasty) -> None:
    """To a friend lost since, on the middle business date, a day later, never."""
    n.contact("NH1", "2025-03-01T09:00")
    gone = {"first_reply_at": "2025-03-03T10:00", "deleted_at": "2025-03-04T10:00"}
    n.friend("NH1", "2025-03-02T10:00", "2025-03-04T10:00", **gone)
    n.friend("NH1", "2025-03-05T10:00", "2025-03-05T10:00", staff="S2")
    for number, replied in enumerate((f"{MIDDLE}T23:59:59", f"{MIDDLE + timedelta(days=1)}T00:00"), 2):
        n.contact(f"NH{number}", "2025-03-01T09:00")
        n.friend(f"NH{number}", "2025-03-02T10:00", replied, first_reply_at=replied)
    n.contact("NH4", "2025-03-01T09:00")
    n.friend("NH4", "2025-03-02T10:00", "2025-03-02T10:00")


def halves(n: Nasty) -> None:
    """Quotients that end in a 5 one place behind the last: 1 ÷ 640, 3 ÷ 640, 7 ÷ 3200, 3201 ÷ 3200."""
    for number, (discount, gross) in enumerate((("0.01", "6.40"), ("0.03", "6.40"), ("0.07", "32.00"))):
        n.contact(f"NHALF{number}", "2025-01-20T09:00")
        more = {"gross_amount": gross, "discount_amount": discount, "contact_id": f"NHALF{number}"}
        n.order(f"NHALF{number}", "2025-02-20T10:00", f"{float(gross) - float(discount):.2f}", **more)
        n.refund(f"NHALF{number}", f"NHALF{number}", discount, "2025-02-21T10:00")
    n.contact("NHALF", "2025-01-20T09:00")
    for number in range(32):
        n.order(f"NHALF-{number}", f"2025-02-20T10:{number:02d}", "1.00" if number else "1.01", contact_id="NHALF")


def leavers(n: Nasty) -> None:
    """Who ordered again after a week and then never more, and who goes on: from both a model learns who leaves when.

    They come late, after the first business date, on which no model learns it.
    """
    late = n.delivery.folder_of(date(2025, 3, 20))
    weeks = [(0, 1)] * 24 + [tuple(range(0, 70, 4))] * 8
    for number, ordered in enumerate(weeks):
        contact_id, first = f"NLEFT{number}", date(2024, 1, 1) + timedelta(days=4 * (number % 24))
        n.contact(contact_id, f"{first}T09:00", folder=late)
        for week in ordered:
            at, amount = f"{first + timedelta(days=7 * week)}T10:00", f"{20 + 7 * (number % 5) + week % 9}.00"
            n.order(f"{contact_id}-{week}", at, amount, contact_id=contact_id, folder=late)


CASES: tuple[Callable[[Nasty], None], ...] = (
    corrections, merges_and_splits, guests, money, midnights, bounds, channels, friendships, referrers, erasure,
    unsubscribed, ages_and_tiers, rhythms, discounts, endings, signals, replies, halves,
    leavers,
)
