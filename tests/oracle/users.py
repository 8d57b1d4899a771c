"""users, user_rfm, the cohorts, reachability."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from oracle.business import Business, Person, months_between, next_month
from oracle.consent import MEDIA, addresses

SEGMENTS = {
    "HHH": "champions",
    "LHH": "at_risk_champions",
    "HLH": "promising_big",
    "LLH": "lost_big",
    "HHL": "loyal_small",
    "LHL": "at_risk_small",
    "HLL": "new_small",
    "LLL": "lost_small",
}
WEEK = timedelta(days=7)
AGES = ((18, "<18"), (25, "18-24"), (35, "25-34"), (45, "35-44"), (55, "45-54"), (999, "55+"))


def ratio(part: Decimal | int, whole: Decimal | int) -> Fraction | None:
    """None where the whole is 0."""
    return Fraction(part) / Fraction(whole) if whole else None


def total(amounts: object) -> Decimal:
    """The sum as money."""
    return sum(amounts, Decimal(0))


def median(values: list[int]) -> Fraction | None:
    """The middle one, or the mean of the two in the middle."""
    ordered, middle = sorted(values), len(values) // 2
    if not ordered:
        return None
    return Fraction(ordered[middle]) if len(ordered) % 2 else Fraction(ordered[middle - 1] + ordered[middle], 2)


def most(weights: dict[str, Decimal]) -> str | None:
    """The name of the greatest weight, ties by name."""
    return min(weights, key=lambda name: (-weights[name], name), default=None)


def is_reachable(business: Business, person: Person, medium: str) -> bool:
    """By an open address of one of their contacts, unless they asked for restriction."""
    return not person.is_restricted and any(business.consent.is_open(contact, medium) for contact in person.contacts)


def users(business: Business) -> list[dict]:
    """One row per user."""
    return [_user(business, person) for person in business.people.values()]


def _user(business: Business, person: Person) -> dict:
    day, orders = business.day, person.orders
    days, net = person.order_days, total(o.net for o in orders)
    birth_year = person.attribute("birth_year")
    referrer = business.identity.of_contact_id(person.attribute("referrer_contact_id"))
    return {
        "user_id": person.user,
        "contacts": len(person.contacts),
        "gender": person.attribute("gender"),
        "age_group": next(name for under, name in AGES if day.year - birth_year < under) if birth_year else None,
        "city": person.attribute("city"),
        "city_tier": person.attribute("city_tier"),
        "registered_at": person.registered_at,
        "acquired_at": person.acquired_at,
        "acquired_channel_code": person.acquired_channel,
        "referrer_user_id": referrer if referrer != person.user else None,
        "store_id": person.attribute("store_id"),
        "community_id": person.attribute("community_id"),
        "first_order_day": days[0] if days else None,
        "last_order_day": days[-1] if days else None,
        "orders": len(orders),
        "net": net,
        "margin": total(o.margin for o in orders),
        "aov": ratio(net, len(orders)),
        "refund_rate": ratio(total(o.refunded for o in person.priced), total(o.paid for o in person.priced)),
        "median_gap_days": median([(b - a).days for a, b in zip(days, days[1:], strict=False)]),
        "favourite_category": most(_spent_by_category(business, person)),
        "discount_share": ratio(total(o.discount for o in orders), total(o.gross for o in orders)),
        "preferred_sales_channel": most(Counter(o.row["sales_channel"] for o in orders)),
        **{f"reachable_{medium}": is_reachable(business, person, medium) for medium in MEDIA},
        "groups": len({j["group_id"] for j in person.joins if j["left_at"] is None}),
        "staff_friends": len({f["staff_id"] for f in person.friendships if f["deleted_at"] is None}),
        "stage": person.stages.get(day),
        "is_one_time": person.is_one_time,
        "is_zombie": person.is_zombie,
        **_club(business, person),
    }


def _spent_by_category(business: Business, person: Person) -> dict[str, Decimal]:
    """Converted line amounts of counted orders."""
    of_sku, spent = categories(business), defaultdict(Decimal)
    for order in person.orders:
        for line, amount in order.lines:
            if line["sku"] in of_sku:
                spent[of_sku[line["sku"]]] += amount
    return spent


def _club(business: Business, person: Person) -> dict:
    """The level and plan in force at the end of the day (the latest that took effect), points and reviews.

    The specification names these without a definition: they follow the published descriptions.
    """
    known, day = business.known, business.day
    in_force = [
        m
        for m in person.memberships
        if known.local_day(m["effective_at"]) <= day
        and (m["expires_at"] is None or known.local_day(m["expires_at"]) > day)
    ]
    levels = [m for m in in_force if m["plan"] == "level"]
    return {
        "level": max(levels, key=lambda m: (m["effective_at"], m["level"]))["level"] if levels else None,
        "is_plus": any(m["plan"] == "plus" for m in in_force),
        "points_balance": sum(entry["points"] for entry in person.points),
        "reviews": len(person.reviews),
        "mean_rating": ratio(sum(r["rating"] for r in person.reviews), len(person.reviews)),
    }


def categories(business: Business) -> dict[str, str]:
    """The category of each product, by the latest snapshot."""
    return {row["sku"]: row["category"] for row in business.known.rows("products")}


def user_rfm(business: Business) -> list[dict]:
    """One row per user with a counted order in the 365 days to D."""
    return list(rfm_on(business, business.day).values())


@lru_cache(maxsize=32)
def rfm_on(business: Business, day: date) -> dict[str, dict]:
    """The rows of user_rfm, by user, as they stood on a day."""
    figures = {}
    for person in business.people.values():
        recent = [o for o in person.orders if 0 <= (day - o.day).days < 365]
        if recent:
            figures[person.user] = (max(o.day for o in recent), len(recent), total(o.net for o in recent))
    scores = {user: [_score(figures, user, k) for k in range(3)] for user in figures}
    means = [ratio(sum(s[k] for s in scores.values()), len(scores)) for k in range(3)]
    rows = {}
    for user, (last, frequency, monetary) in figures.items():
        letters = "".join("H" if scores[user][k] > means[k] else "L" for k in range(3))
        rows[user] = {
            "user_id": user,
            "recency_days": (day - last).days,
            "frequency": frequency,
            "monetary": monetary,
            **dict(zip("rfm", scores[user], strict=True)),
            "segment": SEGMENTS[letters],
        }
    return rows


def _score(figures: dict[str, tuple], user: str, k: int) -> int:
    """ceil(5 × share of users whose figure is at most this one)."""
    at_most = sum(1 for other in figures.values() if other[k] <= figures[user][k])
    return -(-5 * at_most // len(figures))


def cohort_retention(business: Business) -> list[dict]:
    """One row per cohort month × months since × acquired channel, and all channels together."""
    cohorts = _cohorts(business, lambda p: p.orders[0].month, lambda p: (p.acquired_channel, "all"))
    return [
        row
        for (cohort, channel), people in cohorts.items()
        for row in _cohort(
            {"cohort_month": cohort, "acquired_channel_code": channel}, "month_number", people,
            [(month, next_month(month)) for month in months_between(cohort, business.day)], business.day,
        )
    ]  # fmt: skip


def cohort_weekly(business: Business) -> list[dict]:
    """The same by ISO weeks, the first 26."""
    cohorts = _cohorts(business, lambda p: _monday(p.orders[0].day), lambda p: (p.acquired_channel, "all"))
    return [
        row
        for (cohort, channel), people in cohorts.items()
        for row in _cohort(
            {"cohort_week": cohort, "acquired_channel_code": channel}, "week_number", people,
            [(cohort + n * WEEK, cohort + (n + 1) * WEEK) for n in range(26) if cohort + n * WEEK <= business.day],
            business.day,
        )
    ]  # fmt: skip


def cohort_category(business: Business) -> list[dict]:
    """By month and the category with the largest amount in the first counted order."""
    cohorts = _cohorts(business, lambda p: p.orders[0].month, lambda p: (_first_category(business, p),))
    return [
        row
        for (cohort, category), people in cohorts.items()
        for row in _cohort(
            {"cohort_month": cohort, "category": category}, "month_number", people,
            [(month, next_month(month)) for month in months_between(cohort, business.day)], business.day,
        )
    ]  # fmt: skip


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _first_category(business: Business, person: Person) -> str:
    of_sku, spent = categories(business), defaultdict(Decimal)
    for line, _ in person.orders[0].lines:
        if line["sku"] in of_sku:
            spent[of_sku[line["sku"]]] += line["line_amount"]
    return most(spent) or "unknown"


def _cohorts(business: Business, start: Callable, dimensions: Callable) -> dict[tuple, list[Person]]:
    """Buyers by the period of their first counted order and each of their dimensions."""
    found = defaultdict(list)
    for person in business.people.values():
        for dimension in dimensions(person) if person.orders else ():
            found[start(person), dimension].append(person)
    return found


def _cohort(
    key: dict, number: str, people: list[Person], periods: list[tuple[date, date]], day: date
) -> Iterator[dict]:
    """One row a period (its first day and that of the next one)."""
    cumulative = Decimal(0)
    for place, (begin, end) in enumerate(periods):
        orders = [o for p in people for o in p.orders if begin <= o.day < end]
        cumulative += total(o.net for o in orders)
        buyers = len({o.user for o in orders})
        figures = {
            "buyers": buyers,
            "retention_rate": ratio(buyers, len(people)),
            "orders": len(orders),
            "net": total(o.net for o in orders),
            "cumulative_net_per_user": ratio(cumulative, len(people)),
        }
        is_mature = end - timedelta(days=1) <= day
        yield {
            **key, number: place, "cohort_size": len(people), **(figures if is_mature else dict.fromkeys(figures)),
            "is_mature": is_mature,
        }  # fmt: skip


def reachability(business: Business) -> list[dict]:
    """One row per medium."""
    people = [p for p in business.people.values() if p.contacts]
    standing = [[c for c in p.contacts if not c["deleted_at"]] for p in people]
    rows = []
    for medium in MEDIA:
        reachable = sum(is_reachable(business, p, medium) for p in people)
        findable = sum(any(addresses(c, medium) for c in contacts) for contacts in standing)
        agreed = sum(
            any(business.consent.is_agreed(c["contact_id"], medium) for c in contacts) for contacts in standing
        )
        rows.append(
            {
                "medium": medium,
                "with_identifier": None if medium == "weibo" else findable,  # it has none
                "with_consent": agreed,
                "reachable": reachable,
                "share": ratio(reachable, len(people)),
            }
        )
    return rows
