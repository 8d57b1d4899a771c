"""audience_members: who is in each audience, said once more in plain Python."""

from collections.abc import Callable

from oracle.business import Business
from oracle.consent import MEDIA
from oracle.features import On, people_on
from oracle.tag_rules import TAGS


def _any_of(*codes: str) -> Callable[[On], bool]:
    """Whoever bears one of these tags."""
    return lambda on: any(TAGS[code].rule(on) for code in codes)


def _has(on: On, code: str) -> bool:
    return bool(TAGS[code].rule(on))


def _is_quiet(on: On) -> bool:
    return not on.orders and not _has(on, "warm_prospect") and not _has(on, "zombie")


def _may_widen_the_basket(on: On) -> bool:
    return _has(on, "single_category_buyer") or (len(on.spent) in (1, 2) and len(on.orders) >= 2)


def _is_silent_in_a_group(on: On) -> bool:
    return _has(on, "group_member") and not on.is_active


AUDIENCES: dict[str, Callable[[On], bool]] = {
    "wake_the_groups": _is_silent_in_a_group,
    "ask_for_referrals": _any_of("loyal_core", "champion", "happy_reviewer"),
    "next_level": _any_of("next_level_near", "frequent_buyer"),
    "first_order_push": _any_of("warm_prospect", "cart_waiting"),
    "welcome_journey": lambda on: _has(on, "just_acquired") and not on.orders,
    "quiet_prospects": _is_quiet,
    "weekend_readers": lambda on: _has(on, "weekend_active") and not _has(on, "ignores_messages"),
    "store_invitation": _any_of("store_member", "store_shopper"),
    "sale_early_birds": _any_of("discount_seeker", "coupon_redeemer"),
    "clearance_sale": _any_of("tried_deep_discount", "bulk_buyer"),
    "widen_the_basket": _may_widen_the_basket,
    "second_order": lambda on: _has(on, "second_order_window") and not _has(on, "refunded_lately"),
    "refill_reminder": _any_of("refill_due", "refill_soon"),
    "save_the_lapsing": _any_of("lapsing", "out_of_rhythm"),
    "recall_regulars": lambda on: on.stage in ("at_risk", "dormant") and len(on.orders) >= 2,
    "recall_one_timers": _any_of("one_time_buyer"),
    "make_it_good": _any_of("unhappy_reviewer", "refund_silent"),
}


def audience_members(business: Business) -> list[dict]:
    """One row per audience × user in it on the business date; whoever asked for restriction is in none."""
    return [
        {
            "audience_code": code,
            "user_id": on.person.user,
            "is_tired": on.is_tired,
            **{f"may_{medium}": on.is_reachable(medium) and not on.is_tired for medium in MEDIA},
        }
        for on in people_on(business, business.day)
        if not on.person.is_restricted
        for code, is_in in AUDIENCES.items()
        if is_in(on)
    ]
