"""tag_value: who was eligible 30 days ago, whom the outcome came to, and what it tells.

Left open by the specification and taken from the published descriptions and decisions: the scenarios, the fewest
tagged users and outcomes that can tell anything, which verdict comes first. The interval is the delta method's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from math import exp, sqrt

from oracle.business import Business
from oracle.features import CURRENT, SLIPPED, On, people_on
from oracle.tag_rules import TAGS
from oracle.users import ratio

OUTCOME_DAYS, MIN_TAGGED, MIN_OUTCOMES = 30, 30, 5
RARE, COMMON, Z = Fraction(1, 1000), Fraction(95, 100), 1.96
SIGNS_OF_LIFE = ("message_in", "consult", "check_in", "share", "game")


@dataclass(frozen=True)
class Scenario:
    """Whom it is about, what is to come of it by the business date, and the tags that serve it."""

    eligible: Callable[[On], bool]
    outcome: Callable[[On, On], bool]
    tags: tuple[str, ...]


def _is_buyer(on: On) -> bool:
    return bool(on.orders)


def _ordered_again(then: On, now: On) -> bool:
    return len(now.orders) > len(then.orders)


def _rose(then: On, now: On) -> bool:
    is_higher = now.level is not None and now.level > (then.level or 0)
    return is_higher or ("plus" in now.plans and "plus" not in then.plans)


def _came_alive(then: On, now: On) -> bool:
    return any(now.events(kind, 30) for kind in SIGNS_OF_LIFE) or now.orders_by("group") > then.orders_by("group")


def _opened_lately(then: On, now: On) -> bool:
    return bool(now.within(now.pushes, "opened_at", 30))


SCENARIOS = {
    "new-user conversion": Scenario(
        lambda then: not then.orders,
        lambda then, now: bool(now.orders),
        ("just_acquired", "paid_channel", "private_channel", "referred_in", "touched_by_many", "window_shopper",
         "cart_waiting", "searcher", "warm_prospect", "cold_prospect", "zombie", "asks_before_buying"),
    ),
    "repurchase": Scenario(
        _is_buyer,
        _ordered_again,
        ("favourite_category", "usual_sales_channel", "marketplace_shopper", "settling_in", "won_back",
         "coupon_holder", "coupon_expiring", "first_order_fresh", "second_order_window", "keeps_rhythm",
         "refill_due", "refill_soon", "points_unused", "promising_big_spender", "large_order_once", "good_margin",
         "plus_member", "staff_vip"),
    ),
    "cross-sell": Scenario(
        _is_buyer,
        lambda then, now: len(now.spent) > len(then.spent),
        ("single_category_buyer", "category_explorer", "family_age", "female", "male", "bought_lately",
         "first_tier_city", "loyal_small_spender"),
    ),
    "win-back": Scenario(
        lambda then: then.stage in SLIPPED,
        _ordered_again,
        ("still_browsing", "at_risk_regular", "dormant", "lost", "one_time_buyer", "refund_silent"),
    ),
    "churn prevention": Scenario(
        lambda then: then.stage in CURRENT,
        lambda then, now: now.stage in SLIPPED,
        ("lapsing", "out_of_rhythm", "left_a_group", "value_fading"),
    ),
    "price promotion": Scenario(
        _is_buyer,
        lambda then, now: now.discounted > then.discounted,
        ("live_shopper", "young_adult", "discount_seeker", "full_price_buyer", "coupon_redeemer",
         "coupon_indifferent", "emerging_city", "thin_margin"),
    ),
    "slow-moving clearance": Scenario(
        _is_buyer,
        lambda then, now: now.slow_mover_orders > 0,
        ("bulk_buyer", "deep_discount_only", "tried_deep_discount", "clearance_buyer"),
    ),
    "membership upgrade": Scenario(
        _is_buyer,
        _rose,
        ("guest_buyer", "omnichannel", "frequent_buyer", "high_value", "value_rising", "next_level_near",
         "plan_ending"),
    ),
    "referral": Scenario(
        lambda then: True,
        lambda then, now: len(now.brought) > len(then.brought),
        ("loyal_core", "many_groups", "brings_friends", "brings_buyers", "shares", "happy_reviewer", "champion"),
    ),
    "community activation": Scenario(
        lambda then: bool(then.groups or then.friends),
        _came_alive,
        ("group_buyer", "profile_incomplete", "community_resident", "staff_friend", "silent_friend", "group_member",
         "checks_in", "writes_to_us"),
    ),
    "store traffic": Scenario(
        lambda then: True,
        lambda then, now: now.orders_by("store") > then.orders_by("store"),
        ("offline_channel", "store_shopper", "online_only", "unreachable", "silver_age", "home_city", "store_member"),
    ),
    "push timing": Scenario(
        lambda then: bool(then.pushes),
        _opened_lately,
        ("content_reader", "active_hours", "weekend_active", "opens_messages", "ignores_messages",
         "tired_of_messages", "reachable_by_many", "unsubscribed_lately"),
    ),
    "service recovery": Scenario(
        lambda then: bool(then.within(then.refunds, "refunded_at", 90)) or then.low_ratings > 0,
        _ordered_again,
        ("refunded_lately", "serial_refunder", "unhappy_reviewer"),
    ),
}


def tag_value(business: Business) -> list[dict]:
    """One row per tag."""
    now = {on.person.user: on for on in people_on(business, business.day)}
    before = people_on(business, business.day - timedelta(days=OUTCOME_DAYS))
    rows = []
    for name, scenario in SCENARIOS.items():
        eligible = [then for then in before if scenario.eligible(then)]
        reached = {then.person.user for then in eligible if scenario.outcome(then, now[then.person.user])}
        for code in scenario.tags:
            tagged = [then.person.user for then in eligible if TAGS[code].rule(then)]
            users = sum(bool(TAGS[code].rule(on)) for on in now.values())
            counts = _counts(len(eligible), len(reached), len(tagged), len(reached.intersection(tagged)))
            coverage = ratio(users, len(now))
            verdict = _verdict(coverage, counts)
            rows.append({"tag_code": code, "scenario": name, "users": users, "coverage": coverage, **counts,
                         "verdict": verdict})
    return rows


def _counts(eligible: int, outcomes: int, tagged: int, hits: int) -> dict:
    is_mature = tagged >= MIN_TAGGED and outcomes >= MIN_OUTCOMES
    low, high = lift_bounds(eligible, outcomes, tagged, hits) if is_mature else (None, None)
    return {
        "eligible": eligible,
        "tagged": tagged,
        "outcomes_tagged": hits,
        "outcomes_all": outcomes,
        "outcome_rate_tagged": ratio(hits, tagged),
        "outcome_rate_all": ratio(outcomes, eligible),
        "lift": ratio(hits * eligible, tagged * outcomes) if is_mature else None,
        "lift_low": low,
        "lift_high": high,
    }


def lift_bounds(eligible: int, outcomes: int, tagged: int, hits: int) -> tuple[float, float]:
    """ln lift, and along its slopes by the hits of tagged and others their variances, which are binomial.

    None or all of either are taken for half a one more or less, so that a count never tells for certain; the lift of
    none is 0 at least.
    """
    others, misses = eligible - tagged, outcomes - hits
    x = min(max(hits, 0.5), tagged - 0.5)
    y = min(max(misses, 0.5), others - 0.5) if others else 0
    by_tagged, by_others = 1 / x - 1 / (x + y), -1 / (x + y)
    variance = by_tagged**2 * x * (1 - x / tagged)
    if others:
        variance += by_others**2 * y * (1 - y / others)
    middle, width = x / tagged / ((x + y) / eligible), Z * sqrt(variance)
    return middle * exp(-width) if hits else 0.0, middle * exp(width)


def _verdict(coverage: Fraction, counts: dict) -> str:
    if coverage < RARE:
        return "too_rare"
    if coverage > COMMON:
        return "too_common"
    if counts["lift"] is None:
        return "immature"
    return "no_lift" if counts["lift_low"] <= 1 <= counts["lift_high"] else "useful"
