"""What people's orders are worth, when they come, what is in them and at which price.

Left open by the specification and taken from the published descriptions: how soon a coupon is about to expire.
"""

from fractions import Fraction

from oracle.features import On
from oracle.tag_rules.tag import Tag
from oracle.users import most, ratio, total

COUPON_EXPIRING_DAYS = 7


def _net(on: On, days: int) -> Fraction:
    return Fraction(total(order.net for order in on.orders_within(days)))


def _is_spending_more(on: On) -> bool:
    if len(on.orders_within(365)) < 3 or (on.day - on.orders[0].day).days < 180:
        return False
    return 2 * _net(on, 90) >= _net(on, 365)


def _is_spending_less(on: On) -> bool:
    return len(on.orders_within(365)) >= 3 and 10 * _net(on, 90) < _net(on, 365)


def _once_spent_far_more(on: On) -> bool:
    nets = [order.net for order in on.orders]
    return len(nets) >= 3 and max(nets) * len(nets) >= 2 * total(nets)


def _margin_share(on: On) -> Fraction | None:
    year = on.orders_within(365)
    return ratio(total(o.margin for o in year), total(o.net for o in year))


def _is_good(on: On) -> bool:
    share = _margin_share(on)
    return len(on.orders_within(365)) >= 2 and _net(on, 365) > 0 and share >= Fraction(2, 5)


def _is_thin(on: On) -> bool:
    return _net(on, 365) > 0 and _margin_share(on) < Fraction(3, 10)


def _paid_plan_ends(on: On) -> bool:
    """Within 14 days the last paid plan in force ends; one without an end never does."""
    ends = [m["expires_at"] for m in on.memberships if m["plan"] in ("plus", "monthly")]
    return bool(ends) and None not in ends and on.ago(max(ends)) >= -14


VALUE = {
    "high_value": Tag(lambda on: on.rfm.get("m") == 5, score=lambda on: on.rfm["m"]),
    "champion": Tag(lambda on: on.rfm.get("segment") == "champions"),
    "promising_big_spender": Tag(lambda on: on.rfm.get("segment") == "promising_big"),
    "loyal_small_spender": Tag(lambda on: on.rfm.get("segment") == "loyal_small"),
    "value_rising": Tag(_is_spending_more),
    "value_fading": Tag(_is_spending_less),
    "large_order_once": Tag(_once_spent_far_more),
    "good_margin": Tag(_is_good, score=_margin_share),
    "thin_margin": Tag(_is_thin),
    "next_level_near": Tag(lambda on: on.level in (1, 2) and len(on.orders_within(90)) >= 2),
    "plus_member": Tag(lambda on: "plus" in on.plans),
    "plan_ending": Tag(_paid_plan_ends),
}


def _is_overdue(on: On) -> bool:
    return len(on.orders) >= 3 and 2 * on.recency > 3 * on.mean_gap and on.recency <= 90


RECENCY_FREQUENCY = {
    "first_order_fresh": Tag(lambda on: len(on.orders) == 1 and on.recency < 7),
    "second_order_window": Tag(lambda on: len(on.orders) == 1 and 7 <= on.recency <= 45),
    "one_time_buyer": Tag(lambda on: len(on.orders) == 1 and on.recency >= 60),
    "frequent_buyer": Tag(lambda on: len(on.orders_within(90)) >= 3, score=lambda on: len(on.orders_within(90))),
    "keeps_rhythm": Tag(lambda on: len(on.orders) >= 3 and on.recency <= on.mean_gap),
    "out_of_rhythm": Tag(_is_overdue, score=lambda on: on.recency / on.mean_gap if on.mean_gap else 1),
    "refill_due": Tag(lambda on: bool(on.due) and -14 <= on.due[0][0] <= 0, value=lambda on: on.due[0][1]),
    "refill_soon": Tag(lambda on: bool(on.due) and 1 <= on.due[0][0] <= 7, value=lambda on: on.due[0][1]),
    "bought_lately": Tag(lambda on: bool(on.orders_within(14))),
}


def _only_looks(on: On) -> bool:
    looks = on.events("browse", 30) + on.events("search", 30)
    return len(looks) >= 2 and not on.events("add_to_cart", 30) and not on.orders_within(30)


def _has_waiting_cart(on: On) -> bool:
    carts = [on.ago(event["occurred_at"]) for event in on.events("add_to_cart", 8)]
    return bool(carts) and (on.recency is None or on.recency > min(carts))


def _buys_by_the_case(on: On) -> bool:
    units = sum(line["quantity"] for order in on.orders for line, _ in order.lines)
    return len(on.orders) >= 2 and units >= 4 * len(on.orders)


CATEGORY_INTEREST = {
    "favourite_category": Tag(
        lambda on: bool(total(on.spent.values())) and 2 * max(on.spent.values()) >= total(on.spent.values()),
        value=lambda on: most(on.spent),
        score=lambda on: ratio(max(on.spent.values()), total(on.spent.values())),
    ),
    "single_category_buyer": Tag(lambda on: len(on.spent) == 1 and len(on.orders) >= 2),
    "category_explorer": Tag(lambda on: len(on.spent) >= 4, score=lambda on: len(on.spent)),
    "window_shopper": Tag(_only_looks),
    "cart_waiting": Tag(_has_waiting_cart),
    "searcher": Tag(lambda on: bool(on.events("search", 30))),
    "content_reader": Tag(lambda on: bool(on.events("content_view", 30))),
    "bulk_buyer": Tag(_buys_by_the_case),
}


def _redeemed(on: On) -> int:
    return sum(on.is_over(coupon["redeemed_at"]) for coupon in on.coupons)


def _redeemed_share(on: On) -> Fraction | None:
    return ratio(_redeemed(on), len(on.coupons))


def _days_of_unused_coupons(on: On) -> list[int]:
    """Of the coupons neither redeemed nor expired, the days they are still valid."""
    left = [-on.ago(coupon["expires_at"]) for coupon in on.coupons if not on.is_over(coupon["redeemed_at"])]
    return [days for days in left if days >= 0]


PRICE_SENSITIVITY = {
    "discount_seeker": Tag(
        lambda on: len(on.orders) >= 2 and 2 * on.discounted >= len(on.orders),
        score=lambda on: ratio(total(o.discount for o in on.orders), total(o.gross for o in on.orders)),
    ),
    "full_price_buyer": Tag(lambda on: len(on.orders) >= 2 and on.discounted == 0),
    "deep_discount_only": Tag(lambda on: bool(on.orders) and on.deeply_discounted == len(on.orders)),
    "tried_deep_discount": Tag(lambda on: on.deeply_discounted >= 1),
    "clearance_buyer": Tag(lambda on: on.slow_mover_orders >= 1),
    "coupon_redeemer": Tag(lambda on: bool(on.coupons) and 2 * _redeemed_share(on) >= 1, score=_redeemed_share),
    "coupon_holder": Tag(lambda on: bool(_days_of_unused_coupons(on))),
    "coupon_expiring": Tag(lambda on: any(days <= COUPON_EXPIRING_DAYS for days in _days_of_unused_coupons(on))),
    "coupon_indifferent": Tag(lambda on: len(on.coupons) >= 2 and not _redeemed(on)),
}
