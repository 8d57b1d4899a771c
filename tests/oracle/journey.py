"""private_domain_funnel, path_performance, aarrr_monthly, industry_stages, conversion_cycle.

Left open by the specification and taken from the published descriptions: Wilson's interval and the base of the lift
in path_performance; what activated and retained count in aarrr_monthly; the order of industry stages; what an order of
a category is in conversion_cycle.
"""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from fractions import Fraction
from math import sqrt

from oracle.business import Business, Person, grouped, has_ended
from oracle.channels import IDENTIFYING
from oracle.exports import identifiers
from oracle.referral import forest_of, referrer_of
from oracle.users import categories, median, ratio, total

STEPS = (
    "touched", "identified", "friend_added", "replied", "group_joined", "registered", "first_order", "repurchased",
    "referred",
)
Z = 1.96


def milestones(business: Business, person: Person, brought: list[Person]) -> dict[str, datetime | None]:
    """When a touched user reached each step; None where they have not."""
    touches = person.touches_in_order
    identifying = [
        t["occurred_at"] for t in touches if any(kind in IDENTIFYING for kind, _ in identifiers(t))
    ]
    if person.acquired_at:
        identifying.append(person.acquired_at)
    return {
        "touched": touches[0]["occurred_at"],
        "identified": min(identifying, default=None),
        "friend_added": min((f["added_at"] for f in person.first_added), default=None),
        "replied": min((f["first_reply_at"] for f in person.friendships if f["first_reply_at"]), default=None),
        "group_joined": min((j["joined_at"] for j in person.joins), default=None),
        "registered": person.registered_at,
        "first_order": person.orders[0].paid_at if person.orders else None,
        "repurchased": person.orders[1].paid_at if len(person.orders) > 1 else None,
        "referred": min((p.acquired_at for p in brought), default=None),
    }


def private_domain_funnel(business: Business) -> list[dict]:
    """One row per first-touch month × channel × step."""
    brought = grouped(business.acquired, lambda p: referrer_of(business, p))
    cohorts = defaultdict(list)
    for person in business.people.values():
        if person.touches:
            first = person.touches_in_order[0]
            month = business.known.local_day(first["occurred_at"]).replace(day=1)
            cohorts[month, first["channel_code"]].append(milestones(business, person, brought.get(person.user, [])))
    rows = []
    for (month, channel), people in cohorts.items():
        before = None
        for step in STEPS:
            users = sum(reached[step] is not None for reached in people)
            hours = [
                Fraction((reached[step] - reached["touched"]) // timedelta(microseconds=1), 3_600_000_000)
                for reached in people
                if reached[step] and reached[step] > reached["touched"]
            ]
            rows.append(
                {
                    "cohort_month": month,
                    "channel_code": channel,
                    "step": step,
                    "users": users,
                    "step_rate": None if before is None else ratio(users, before),
                    "median_hours": median(hours),
                }
            )
            before = users
    return rows


def path_of(person: Person) -> str:
    """The order of first friend, group and registration before the first order."""
    firsts = {
        "friend": min((f["added_at"] for f in person.first_added), default=None),
        "group": min((j["joined_at"] for j in person.joins), default=None),
        "register": person.registered_at,
    }
    end = person.orders[0].paid_at if person.orders else None
    taken = [(at, name) for name, at in firsts.items() if at and (end is None or at < end)]
    return ">".join(name for _, name in sorted(taken)) or "none"


def wilson(successes: int, n: int, sign: int) -> float | None:
    """An end of Wilson's 95 % interval."""
    if not n:
        return None
    p = successes / n
    spread = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return (p + Z * Z / (2 * n) + sign * spread) / (1 + Z * Z / n)


def path_performance(business: Business) -> list[dict]:
    """One row per path."""

    def mature_and_converted(people: list[Person]) -> tuple[int, int]:
        mature = [p for p in people if (business.day - p.acquired_day).days >= 30]
        return len(mature), sum(bool(p.orders) and (p.orders[0].day - p.acquired_day).days <= 30 for p in mature)

    everyone, converted_of_all = mature_and_converted(business.acquired)
    rate_of_all = ratio(converted_of_all, everyone)
    rows = []
    for path, people in grouped(business.acquired, path_of).items():
        mature, converted = mature_and_converted(people)
        rate = ratio(converted, mature)
        rows.append(
            {
                "path": path,
                "users": len(people),
                "mature_users": mature,
                "first_order_conversion": rate,
                "conversion_low": wilson(converted, mature, -1),
                "conversion_high": wilson(converted, mature, 1),
                "lift": rate / rate_of_all if rate is not None and rate_of_all else None,
            }
        )
    return rows


def aarrr_monthly(business: Business) -> list[dict]:
    """One row per month with an acquisition, an activity or a counted order."""
    acquired = grouped(business.acquired, lambda p: p.acquired_month)
    active = defaultdict(set)
    for person in business.acquired:
        for month in person.active_months:
            active[month].add(person.user)
    orders, referrer = grouped(business.counted, lambda o: o.month), forest_of(business).referrer
    rows = []
    for month in set(acquired) | set(active) | set(orders):
        people = acquired.get(month, [])
        before = (month - timedelta(days=1)).replace(day=1)
        is_mature = all((business.day - p.acquired_day).days >= 30 for p in people)
        referrers = [referrer[p.user] for p in people if p.user in referrer]
        quick = [p for p in people if p.orders and (p.orders[0].day - p.acquired_day).days <= 30]
        rows.append(
            {
                "month": month,
                "acquired": len(people),
                "activated": len(quick) if is_mature else None,
                "active": len(active.get(month, ())),
                "retained": len(active.get(month, set()) & active.get(before, set())),
                "paying": len({o.user for o in orders.get(month, []) if o.user}),
                "net": total(o.net for o in orders.get(month, [])),
                "referred": len(referrers),
                "referrers": len(set(referrers)),
                "is_complete": has_ended(month, business.day),
            }
        )
    return rows


def industry_stages(business: Business) -> list[dict]:
    """One row per track × stage that a user reached."""
    walks = []  # of each user and track the stages in order of first reaching them
    for person in business.acquired:
        for track, events in grouped(person.stage_events, lambda e: e["track"]).items():
            firsts = {
                stage: min(e["occurred_at"] for e in found)
                for stage, found in grouped(events, lambda e: e["stage_code"]).items()
            }
            walks.append((track, sorted((at, stage) for stage, at in firsts.items())))
    places, days, users = defaultdict(list), defaultdict(list), Counter()
    for track, walk in walks:
        for place, (at, stage) in enumerate(walk):
            users[track, stage] += 1
            places[track, stage].append(place)
            if place + 1 < len(walk):
                later = walk[place + 1][0]
                days[track, stage].append((business.known.local_day(later) - business.known.local_day(at)).days)
    mean = {key: Fraction(sum(found), len(found)) for key, found in places.items()}
    return [
        {
            "track": track,
            "stage_code": stage,
            "stage_order": 1 + sum(t == track and (mean[t, s], s) < (mean[track, stage], stage) for t, s in users),
            "users": count,
            "to_next_rate": ratio(len(days[track, stage]), count),
            "median_days_to_next": median(days[track, stage]),
        }
        for (track, stage), count in users.items()
    ]


def conversion_cycle(business: Business) -> list[dict]:
    """One row per product category with a counted order of a user."""
    of_sku = categories(business)
    first_days, gaps, seen = defaultdict(list), defaultdict(list), set()
    for person in business.people.values():
        days = defaultdict(set)
        for order in person.orders:
            for category in {of_sku[line["sku"]] for line, _ in order.lines if line["sku"] in of_sku}:
                days[category].add(order.day)
                seen.add(category)
                if order is person.orders[0] and person.touches:
                    touched = person.touches_in_order[0]["occurred_at"]
                    if touched <= order.paid_at:
                        first_days[category].append((order.day - business.known.local_day(touched)).days)
        for category, found in days.items():
            ordered = sorted(found)
            gaps[category] += [(b - a).days for a, b in zip(ordered, ordered[1:], strict=False)]
    return [
        {
            "category": category,
            "median_days_touch_to_first_order": median(first_days[category]),
            "median_days_between_orders": median(gaps[category]),
            "first_orders": len(first_days[category]),
            "gaps": len(gaps[category]),
        }
        for category in seen
    ]


