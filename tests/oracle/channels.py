"""channel_daily, channel_performance, traffic_balance."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from oracle.business import Business, Person, grouped, has_ended, next_month
from oracle.exports import identifiers
from oracle.users import ratio, total

DAILY_COUNTS = (
    "impressions", "clicks", "touches", "identified", "friends_added", "group_joins", "registrations", "first_orders",
    "orders",
)
DAILY_MONEY, ZERO = ("cost", "net"), Decimal(0)
IDENTIFYING = {"contact_id", "phone", "email", "unionid"}


def ad_costs(business: Business) -> list[tuple[dict, Decimal]]:
    """Each advertising row with its cost in the business currency."""
    return [
        (row, business.exchange.converted(row["cost"], row["currency"], row["stat_date"]))
        for row in business.known.rows("ad_stats")
        if row["stat_date"] <= business.day
    ]


def channel_daily(business: Business) -> list[dict]:
    """One row per day × channel that has any figure."""
    figures: dict[tuple, dict] = defaultdict(lambda: dict.fromkeys(DAILY_COUNTS, 0) | dict.fromkeys(DAILY_MONEY, ZERO))
    day_of, channel_of = business.known.local_day, business.channel_of
    for row, cost in ad_costs(business):
        cell = figures[row["stat_date"], row["channel_code"]]
        cell["impressions"] += row["impressions"]
        cell["clicks"] += row["clicks"]
        cell["cost"] += cost
    for touch in business.known.rows("touches"):
        cell = figures[day_of(touch["occurred_at"]), touch["channel_code"]]
        cell["touches"] += 1
        cell["identified"] += any(kind in IDENTIFYING for kind, _ in identifiers(touch))
    for friendship in business.known.rows("friendships"):
        figures[day_of(friendship["added_at"]), friendship["channel_code"] or "unknown"]["friends_added"] += 1
    for join in business.known.rows("group_members"):
        user = business.identity.of_contact_id(join["contact_id"])
        figures[day_of(join["joined_at"]), channel_of(user)]["group_joins"] += 1
    for person in business.acquired:
        if person.registered_at:
            figures[day_of(person.registered_at), person.acquired_channel]["registrations"] += 1
        if person.orders:
            figures[person.orders[0].day, person.acquired_channel]["first_orders"] += 1
    for order in business.counted:
        cell = figures[order.day, channel_of(order.user)]
        cell["orders"] += 1
        cell["net"] += order.net
    return [{"day": d, "channel_code": c, **cell} for (d, c), cell in figures.items() if any(cell.values())]


def channel_performance(business: Business) -> list[dict]:
    """One row per acquired channel × acquired month that has users or cost."""
    costs: dict[tuple, Decimal] = defaultdict(Decimal)
    for row, cost in ad_costs(business):
        costs[row["channel_code"], row["stat_date"].replace(day=1)] += cost
    people = grouped(business.acquired, lambda p: (p.acquired_channel, p.acquired_month))
    keys = set(people) | {key for key, cost in costs.items() if cost}
    return [_performance(business, key, people.get(key, []), costs.get(key, Decimal(0))) for key in keys]


def first_order_conversion(people: list[Person], day: date) -> Fraction | None:
    """Immature until 30 days have passed for all of them."""
    if not all((day - p.acquired_day).days >= 30 for p in people):
        return None
    converted = [p for p in people if p.orders and (p.orders[0].day - p.acquired_day).days <= 30]
    return ratio(len(converted), len(people))


def next_month_repurchase_rate(people: list[Person], month: date, day: date) -> Fraction | None:
    """Of those whose first counted order is in the month: another one in the month after, once that has ended."""
    after = next_month(month)
    if not has_ended(after, day):
        return None
    first = [p for p in people if p.orders and p.orders[0].month == month]
    return ratio(sum(any(o.month == after for o in p.orders) for p in first), len(first))


def _performance(business: Business, key: tuple, people: list[Person], cost: Decimal) -> dict:
    channel, month = key
    day, users = business.day, len(people)
    buyers = sum(bool(p.orders) for p in people)
    row = {
        "acquired_channel_code": channel,
        "acquired_month": month,
        "cost": cost,
        "users": users,
        "cac": ratio(cost, users),
        "first_order_users": buyers,
        "cost_per_first_order_user": ratio(cost, buyers),
        "first_order_conversion": first_order_conversion(people, day),
        "next_month_repurchase_rate": next_month_repurchase_rate(people, month, day),
        "one_time_share": ratio(sum(p.is_one_time for p in people), users),
        "zombie_share": ratio(sum(p.is_zombie for p in people), users),
    }
    for days in (30, 90, 180):
        is_mature = all((day - p.acquired_day).days >= days for p in people)
        early = [o for p in people for o in p.orders if (o.day - p.acquired_day).days < days]
        row[f"net_{days}"] = ratio(total(o.net for o in early), users) if is_mature else None
        row[f"margin_{days}"] = ratio(total(o.margin for o in early), users) if is_mature else None
    if users:
        row["is_mature"] = all((day - p.acquired_day).days >= 90 for p in people)
    else:
        row["is_mature"] = (day - (next_month(month) - timedelta(days=1))).days >= 90
    margin_90 = None if row["margin_90"] is None else row["margin_90"] * users
    row["roi_90"] = None if margin_90 is None else ratio(margin_90 - Fraction(cost), cost)
    row["payback_day"] = _payback_day(people, cost) if row["is_mature"] else None
    return row


def _payback_day(people: list[Person], cost: Decimal) -> int | None:
    """The least k with the margin of days 0 to k at least the cost."""
    if cost == 0:
        return 0
    by_day: dict[int, Decimal] = Counter()
    for person in people:
        for order in person.orders:
            by_day[(order.day - person.acquired_day).days] += order.margin
    margin = Decimal(0)
    for k in sorted(by_day):
        margin += by_day[k]
        if margin >= cost:
            return k
    return None


def traffic_balance(business: Business) -> list[dict]:
    """One row per month of acquisition."""
    is_paid = {row["channel_code"]: row["is_paid"] for row in business.known.rows("channels")}
    rows = []
    for month, people in grouped(business.acquired, lambda p: p.acquired_month).items():
        by_channel = Counter(p.acquired_channel for p in people)
        paid = sum(n for channel, n in by_channel.items() if is_paid.get(channel, False))
        top = min(by_channel, key=lambda channel: (-by_channel[channel], channel))
        balance, top_share = ratio(len(people) - paid, paid), ratio(by_channel[top], len(people))
        rows.append(
            {
                "month": month,
                "natural_users": len(people) - paid,
                "paid_users": paid,
                "natural_to_paid": balance,
                "is_healthy": None if balance is None else Fraction(4, 5) <= balance <= Fraction(5, 4),
                "top_channel_code": top,
                "top_share": top_share,
                "hhi": sum(Fraction(n, len(people)) ** 2 for n in by_channel.values()),
                "is_single_source": top_share > Fraction(1, 2),
            }
        )
    return rows
