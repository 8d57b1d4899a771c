"""By which ways people order and hear from us, how near they are to us, and what went wrong."""

from collections import Counter
from fractions import Fraction

from oracle.features import CURRENT, SLIPPED, On
from oracle.tag_rules.tag import Tag
from oracle.users import most, ratio


def _usual_sales_channel(on: On) -> str | None:
    return most(Counter(order.row["sales_channel"] for order in on.orders))


def _weekend_share(on: On) -> Fraction:
    return ratio(sum(moment.isoweekday() >= 6 for moment in on.activities), len(on.activities))


def _open_rate(on: On) -> Fraction | int:
    delivered = [push for push in on.pushes if on.is_over(push["delivered_at"])]
    rate = ratio(sum(on.is_over(push["opened_at"]) for push in delivered), len(delivered))
    return 1 if rate is None else rate


CHANNEL_PREFERENCE = {
    "usual_sales_channel": Tag(lambda on: len(on.orders) >= 2, value=_usual_sales_channel),
    "store_shopper": Tag(lambda on: on.orders_by("store") >= 1, score=lambda on: on.orders_by("store")),
    "online_only": Tag(lambda on: len(on.orders) >= 2 and on.orders_by("store") == 0),
    "omnichannel": Tag(lambda on: 0 < on.orders_by("store") < len(on.orders)),
    "group_buyer": Tag(lambda on: on.orders_by("group") >= 1),
    "live_shopper": Tag(lambda on: on.orders_by("live") >= 1),
    "marketplace_shopper": Tag(lambda on: on.orders_by("marketplace") >= 1),
    "active_hours": Tag(lambda on: len(on.activities) >= 3, value=lambda on: on.daypart),
    "weekend_active": Tag(lambda on: len(on.activities) >= 3 and 2 * _weekend_share(on) >= 1),
    "opens_messages": Tag(lambda on: on.opened >= 1, score=_open_rate),
    "ignores_messages": Tag(lambda on: len(on.pushes) >= 2 and on.opened == 0),
    "tired_of_messages": Tag(lambda on: on.is_tired),
    "reachable_by_many": Tag(lambda on: len(on.media) >= 3),
    "unreachable": Tag(lambda on: not on.media),
}

LIFECYCLE = {
    "warm_prospect": Tag(lambda on: on.stage == "prospect_strong", score=lambda on: len(on.intents)),
    "cold_prospect": Tag(lambda on: on.stage == "prospect_weak"),
    "zombie": Tag(lambda on: on.stage == "zombie"),
    "settling_in": Tag(lambda on: on.stage == "new"),
    "loyal_core": Tag(lambda on: on.stage == "loyal", score=lambda on: len(on.orders)),
    "won_back": Tag(lambda on: on.stage == "won_back"),
    "lapsing": Tag(lambda on: on.stage in CURRENT and 30 <= on.recency <= 45, score=lambda on: on.recency),
    "still_browsing": Tag(lambda on: on.stage in SLIPPED and on.is_active),
    "at_risk_regular": Tag(lambda on: on.stage == "at_risk" and len(on.orders) >= 2),
    "dormant": Tag(lambda on: on.stage == "dormant"),
    "lost": Tag(lambda on: on.stage == "lost"),
}


def _is_silent_since_refund(on: On) -> bool:
    ago = [on.ago(refund["refunded_at"]) for refund in on.refunds]
    return any(days < 90 for days in ago) and bool(on.orders) and on.recency > min(ago)


def _leaves_points(on: On) -> bool:
    spent = [p for p in on.within(on.points, "occurred_at", 90) if p["reason"] == "redeem"]
    return sum(p["points"] for p in on.points) >= 20 and sum(p["points"] for p in spent) == 0


SERVICE = {
    "refunded_lately": Tag(lambda on: bool(on.within(on.refunds, "refunded_at", 90))),
    "serial_refunder": Tag(lambda on: len({refund["order_id"] for refund in on.refunds}) >= 2),
    "unhappy_reviewer": Tag(lambda on: on.low_ratings >= 1),
    "refund_silent": Tag(_is_silent_since_refund),
    "asks_before_buying": Tag(lambda on: bool(on.events("consult", 30)) and not on.orders_within(30)),
    "unsubscribed_lately": Tag(lambda on: any(on.is_over(push["unsubscribed_at"]) for push in on.pushes)),
    "points_unused": Tag(_leaves_points, score=lambda on: sum(p["points"] for p in on.points)),
}
