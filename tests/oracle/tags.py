"""user_tags and tag_history, of half of the tags: what each of them means, said once more in plain Python."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache

from oracle.business import Business, Person
from oracle.features import On
from oracle.users import most, ratio, total

MONTHS = 6


@dataclass(frozen=True)
class Tag:
    """Who bears it; its value where it has one, and its score."""

    rule: Callable[[On], bool]
    value: Callable[[On], object] = lambda on: "true"
    score: Callable[[On], object] = lambda on: 1


def _channels_of_touches(on: On) -> int:
    return len({touch["channel_code"] for touch in on.within(on.person.touches, "occurred_at", 90)})


def _is_from_paid_channel(on: On) -> bool:
    listed = {row["channel_code"]: row["is_paid"] for row in on.known.rows("channels")}
    return listed.get(on.person.acquired_channel, False)


def _has_waiting_cart(on: On) -> bool:
    carts = [on.ago(event["occurred_at"]) for event in on.events("add_to_cart", 8)]
    return bool(carts) and (on.recency is None or on.recency > min(carts))


def _open_rate(on: On) -> Fraction | int:
    delivered = [push for push in on.pushes if on.is_over(push["delivered_at"])]
    rate = ratio(sum(on.is_over(push["opened_at"]) for push in delivered), len(delivered))
    return 1 if rate is None else rate


def _redeemed_share(on: On) -> Fraction | None:
    return ratio(sum(on.is_over(coupon["redeemed_at"]) for coupon in on.coupons), len(on.coupons))


def _is_overdue(on: On) -> bool:
    return len(on.orders) >= 3 and 2 * on.recency > 3 * on.mean_gap and on.recency <= 90


def _is_silent_since_refund(on: On) -> bool:
    ago = [on.ago(refund["refunded_at"]) for refund in on.refunds]
    return any(days < 90 for days in ago) and bool(on.orders) and on.recency > min(ago)


def _leaves_points(on: On) -> bool:
    spent = [p for p in on.within(on.points, "occurred_at", 90) if p["reason"] == "redeem"]
    return sum(p["points"] for p in on.points) >= 20 and sum(p["points"] for p in spent) == 0


def _is_spending_more(on: On) -> bool:
    if len(on.orders_within(365)) < 3 or (on.day - on.orders[0].day).days < 180:
        return False
    return 2 * total(o.net for o in on.orders_within(90)) >= total(o.net for o in on.orders_within(365))


def _is_thin(on: On) -> bool:
    year = on.orders_within(365)
    share = ratio(total(o.margin for o in year), total(o.net for o in year))
    return share is not None and share < Fraction(3, 10)


def _buys_by_the_case(on: On) -> bool:
    units = sum(line["quantity"] for order in on.orders for line, _ in order.lines)
    return len(on.orders) >= 2 and units >= 4 * len(on.orders)


def _is_of_age(on: On, first: int, last: int) -> bool:
    born = on.person.attribute("birth_year")
    return born is not None and first <= on.day.year - born <= last


def _weekend_share(on: On) -> Fraction:
    return ratio(sum(moment.isoweekday() >= 6 for moment in on.activities), len(on.activities))


TAGS = {
    "just_acquired": Tag(lambda on: (on.day - on.person.acquired_day).days < 14),
    "paid_channel": Tag(_is_from_paid_channel),
    "referred_in": Tag(lambda on: on.is_referred),
    "touched_by_many": Tag(lambda on: _channels_of_touches(on) >= 2, score=_channels_of_touches),
    "guest_buyer": Tag(lambda on: bool(on.orders) and not on.is_over(on.person.registered_at)),
    "favourite_category": Tag(
        lambda on: bool(total(on.spent.values())) and 2 * max(on.spent.values()) >= total(on.spent.values()),
        value=lambda on: most(on.spent),
        score=lambda on: ratio(max(on.spent.values()), total(on.spent.values())),
    ),
    "category_explorer": Tag(lambda on: len(on.spent) >= 4, score=lambda on: len(on.spent)),
    "single_category_buyer": Tag(lambda on: len(on.spent) == 1 and len(on.orders) >= 2),
    "bulk_buyer": Tag(_buys_by_the_case),
    "cart_waiting": Tag(_has_waiting_cart),
    "store_shopper": Tag(lambda on: on.orders_by("store") >= 1, score=lambda on: on.orders_by("store")),
    "active_hours": Tag(lambda on: len(on.activities) >= 3, value=lambda on: on.daypart),
    "weekend_active": Tag(lambda on: len(on.activities) >= 3 and 2 * _weekend_share(on) >= 1),
    "opens_messages": Tag(lambda on: on.opened >= 1, score=_open_rate),
    "ignores_messages": Tag(lambda on: len(on.pushes) >= 2 and on.opened == 0),
    "tired_of_messages": Tag(lambda on: on.is_tired),
    "unreachable": Tag(lambda on: not on.is_reachable_at_all),
    "family_age": Tag(lambda on: _is_of_age(on, 30, 45)),
    "home_city": Tag(lambda on: on.person.attribute("city") is not None, value=lambda on: on.person.attribute("city")),
    "store_member": Tag(lambda on: on.person.attribute("store_id") is not None),
    "loyal_core": Tag(lambda on: on.stage == "loyal", score=lambda on: len(on.orders)),
    "warm_prospect": Tag(lambda on: on.stage == "prospect_strong", score=lambda on: len(on.intents)),
    "zombie": Tag(lambda on: on.stage == "zombie"),
    "lapsing": Tag(
        lambda on: on.stage in ("new", "active", "loyal", "won_back") and 30 <= on.recency <= 45,
        score=lambda on: on.recency,
    ),
    "discount_seeker": Tag(
        lambda on: len(on.orders) >= 2 and 2 * on.discounted >= len(on.orders),
        score=lambda on: ratio(total(o.discount for o in on.orders), total(o.gross for o in on.orders)),
    ),
    "tried_deep_discount": Tag(lambda on: on.deeply_discounted >= 1),
    "thin_margin": Tag(_is_thin),
    "coupon_holder": Tag(
        lambda on: any(not on.is_over(c["redeemed_at"]) and on.ago(c["expires_at"]) <= 0 for c in on.coupons)
    ),
    "coupon_redeemer": Tag(lambda on: bool(on.coupons) and 2 * _redeemed_share(on) >= 1, score=_redeemed_share),
    "out_of_rhythm": Tag(_is_overdue, score=lambda on: on.recency / on.mean_gap if on.mean_gap else 1),
    "second_order_window": Tag(lambda on: len(on.orders) == 1 and 7 <= on.recency <= 45),
    "one_time_buyer": Tag(lambda on: len(on.orders) == 1 and on.recency >= 60),
    "frequent_buyer": Tag(lambda on: len(on.orders_within(90)) >= 3, score=lambda on: len(on.orders_within(90))),
    "refill_due": Tag(lambda on: bool(on.due) and -14 <= on.due[0][0] <= 0, value=lambda on: on.due[0][1]),
    "refill_soon": Tag(lambda on: bool(on.due) and 1 <= on.due[0][0] <= 7, value=lambda on: on.due[0][1]),
    "value_rising": Tag(_is_spending_more),
    "high_value": Tag(lambda on: on.rfm.get("m") == 5, score=lambda on: on.rfm["m"]),
    "champion": Tag(lambda on: on.rfm.get("segment") == "champions"),
    "next_level_near": Tag(lambda on: on.level in (1, 2) and len(on.orders_within(90)) >= 2),
    "plus_member": Tag(lambda on: "plus" in on.plans),
    "refunded_lately": Tag(lambda on: bool(on.within(on.refunds, "refunded_at", 90))),
    "unhappy_reviewer": Tag(lambda on: on.low_ratings >= 1),
    "serial_refunder": Tag(lambda on: len({refund["order_id"] for refund in on.refunds}) >= 2),
    "refund_silent": Tag(_is_silent_since_refund),
    "points_unused": Tag(_leaves_points, score=lambda on: sum(p["points"] for p in on.points)),
    "staff_friend": Tag(lambda on: bool(on.friends)),
    "group_member": Tag(lambda on: bool(on.groups)),
    "left_a_group": Tag(lambda on: bool(on.within(on.person.joins, "left_at", 90))),
    "happy_reviewer": Tag(
        lambda on: bool(on.ratings) and sum(on.ratings) >= 4 * len(on.ratings),
        score=lambda on: ratio(sum(on.ratings), len(on.ratings)),
    ),
}


def checkpoints(day: date) -> list[date]:
    """The month-ends of the six months before, and the day itself."""
    found = [day]
    while len(found) <= MONTHS:
        found.append(found[-1].replace(day=1) - timedelta(days=1))
    return found[::-1]


@lru_cache(maxsize=8)
def tag_history(business: Business) -> list[dict]:
    """One row per user × tag × interval of one value: checkpoints in a row on which it is borne."""
    rows = []
    for person in business.acquired:
        states = [On(business, person, day) for day in checkpoints(business.day)]
        for code, tag in TAGS.items():
            values = [tag.value(on) if on.day >= person.acquired_day and tag.rule(on) else None for on in states]
            rows += [{"user_id": person.user, "tag_code": code} | run for run in _runs(person, states, values)]
    return rows


def _runs(person: Person, states: list[On], values: list[object]) -> list[dict]:
    """What holds on a checkpoint holds since the day after the one before, or since the user was acquired."""
    found: list[dict] = []
    for k, (on, value) in enumerate(zip(states, values, strict=True)):
        if value is None:
            continue
        if k and values[k - 1] == value:
            found[-1]["valid_to"] = on.day
        else:
            since = max(on.day.replace(day=1), person.acquired_day)
            found.append({"value": value, "valid_from": since, "valid_to": on.day})
    return found


def user_tags(business: Business) -> list[dict]:
    """One row per user × tag borne on the business date."""
    borne = {(row["user_id"], row["tag_code"]): row for row in tag_history(business) if row["valid_to"] == business.day}
    return [
        {
            "user_id": user,
            "tag_code": code,
            "value": row["value"],
            "score": TAGS[code].score(On(business, business.people[user], business.day)),
            "since": row["valid_from"],
        }
        for (user, code), row in borne.items()
    ]
