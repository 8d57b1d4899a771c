"""More cases by hand: what people stated about the ways to reach them, and what is left where they were erased."""

from collections.abc import Callable

from oracle.delivery import Delivery
from oracle.nasty import Nasty


def deliver_nasty_people(delivery: Delivery) -> None:
    """Add every case."""
    nasty = Nasty(delivery)
    for case in CASES:
        case(nasty)


def unsubscribe(n: Nasty, push_id: str, contact_id: str, medium: str, at: str) -> None:
    """A message that its reader answers with a no."""
    moments = dict.fromkeys(("sent_at", "delivered_at", "opened_at", "unsubscribed_at"), n.at(at))
    n.send("pushes", {"push_id": push_id, "contact_id": contact_id, "medium": medium} | moments, at)


def later_words(n: Nasty) -> None:
    """After an unsubscription: another column changes (no), the same yes again (no), no and then yes (yes)."""
    registered = "2025-01-02T10:00"
    for number, flags in enumerate(((), (True,), (False, True), (False,))):
        contact_id, phone = f"NT{number}", f"1380001170{number}"
        n.contact(contact_id, registered, phone=phone)
        unsubscribe(n, contact_id, contact_id, "sms", "2025-02-01T10:00")
        n.contact(contact_id, registered, "2025-02-02T10:00", phone=phone, city="Wuxi")
        for day, flag in enumerate(flags, 3):
            n.contact(contact_id, registered, f"2025-02-{day:02d}T10:00", phone=phone, sms_consent=flag)


def shared_addresses(n: Nasty) -> None:
    """Of six people with one phone the newest word holds for all: a yes, a no, an unsubscription, of two the no."""
    said = (  # by number of the contact, who else agreed on the first day
        {2: (1, False), 3: (3, True)},
        {3: (3, False)},
        {},
        {3: (3, True), 4: (3, False)},
    )
    for case, words in enumerate(said):
        for number in range(6):
            day, flag = words.get(number, (1, True))
            n.contact(f"NTS{case}{number}", f"2025-01-0{day}T10:00", phone=f"1380001171{case}", sms_consent=flag)
    unsubscribe(n, "NTS25", "NTS25", "sms", "2025-03-20T10:00")


def moved_addresses(n: Nasty) -> None:
    """A refusal goes with the contact to its new phone; who deleted themselves says nothing; WeChat by either id."""
    registered = "2025-01-04T10:00"
    n.contact("NTM1", registered, phone="13800011721", sms_consent=False)
    n.contact("NTM1", registered, "2025-02-04T10:00", phone="13800011722", sms_consent=False)
    n.contact("NTM2", "2025-01-03T10:00", phone="13800011721")
    n.contact("NTM3", registered, phone="13800011723")
    gone = {"sms_consent": False, "deleted_at": n.at("2025-02-04T10:00")}
    n.contact("NTM4", registered, "2025-02-04T10:00", phone="13800011723", **gone)
    n.contact("NTM5", registered, external_userid="ntm5", wechat_consent=False)
    n.contact("NTM6", registered, unionid="ntm6", external_userid="ntm6")
    unsubscribe(n, "NTM6", "NTM6", "wecom", "2025-04-20T10:00")
    n.contact("NTM7", registered, phone="123", sms_consent=True)


def silence(n: Nasty) -> None:
    """Flags that say nothing: from the first, between two equal ones, after a yes, before a no."""
    registered = "2025-01-05T10:00"
    for number, flags in enumerate(((None,), (True, None, True), (True, None), (None, False), (None, True))):
        contact_id = f"NTN{number}"
        for day, flag in enumerate(flags, 1):
            n.contact(contact_id, registered, f"2025-02-0{day}T10:00", email=f"{contact_id}@example.com",
                      email_consent=flag)
    unsubscribe(n, "NTN1", "NTN1", "email", "2025-02-02T12:00")


def points_of_nobody(n: Nasty) -> None:
    """Of a contact that never came: in no ledger."""
    row = {"entry_id": "NPN", "contact_id": "NOBODY", "occurred_at": n.at("2025-01-05T10:00"), "points": 7}
    n.send("points", row | {"reason": "game"}, "2025-01-05T10:00")


def erased_versions(n: Nasty) -> None:
    """Any version that names the erased takes all of its row, the older ones too."""
    n.contact("NEV1", "2025-01-10T10:00", phone="13800011801", device_id="nev1")
    n.contact("NEV2", "2025-01-10T10:00", phone="13800011802")
    late = n.delivery.dates[-5]
    more = {"phone": "13800011801", "device_id": "nev1"}
    n.order("NEV1", "2025-01-20T10:00", contact_id="NEV2", **more)
    n.order("NEV1", "2025-01-20T10:00", contact_id="NEV1", folder=late, **more)
    n.order("NEV2", "2025-01-21T10:00", contact_id="NEV1")
    n.order("NEV2", "2025-01-21T10:00", contact_id="NEV2", folder=late)
    for touch_id, names in (("NEV1", ("NEV2", "NEV1")), ("NEV2", ("NEV1", "NEV2"))):
        for day, contact_id in enumerate(names, 11):
            n.send("touches", {"touch_id": touch_id, "occurred_at": n.at("2025-01-11T10:00"), "channel_code": "fair",
                               "contact_id": contact_id}, f"2025-01-{day}T10:00")
    row = {"coupon_id": "NEV1", "face_value": "5.00", "issued_at": n.at("2025-01-12T10:00"),
           "expires_at": n.at("2025-06-01T10:00")}
    n.send("coupons", row | {"contact_id": "NEV1"}, "2025-01-12T10:00")
    n.send("coupons", row | {"contact_id": "NEV2"}, "2025-01-13T10:00")
    request = {"request_id": "NEV1", "contact_id": "NEV1", "requested_at": n.at("2025-03-20T10:00"), "scope": "erase"}
    n.send("erasure_requests", request, "2025-03-20T10:00")


CASES: tuple[Callable[[Nasty], None], ...] = (
    later_words, shared_addresses, moved_addresses, silence, points_of_nobody, erased_versions,
)
