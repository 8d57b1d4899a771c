"""channel_daily, channel_performance, traffic_balance, refunds_daily, source_daily."""

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
SOURCE, SOURCE_FIGURES = "canonical", ("orders", "net", "refunds_amount", "new_contacts", "cost")
LEVELS = ("campaign", "ad_group", "ad", "keyword")
IDENTIFYING = {"contact_id", "phone", "email", "unionid"}


def ad_costs(business: Business, keywords: bool = False) -> list[tuple[dict, Decimal]]:
    """Each advertising row with its cost in the business currency.

    Those of a campaign's day at its coarsest level, or with `keywords` those of keywords.
    """
    rows = [row for row in business.known.rows("ad_stats") if row["stat_date"] <= business.day]
    coarsest: dict[tuple, int] = {}
    for row in rows:
        of = campaign_day(row)
        coarsest[of] = min(coarsest.get(of, len(LEVELS)), LEVELS.index(row["level"]))
    wanted = [
        row for row in rows
        if (row["level"] == "keyword" if keywords else LEVELS.index(row["level"]) == coarsest[campaign_day(row)])
    ]
    return [(row, business.exchange.converted(row["cost"], row["currency"], row["stat_date"])) for row in wanted]


def campaign_day(row: dict) -> tuple:
    """What levels are of."""
    return row["stat_date"], row["channel_code"], row["campaign_id"]


def claimed(business: Business, rows: list[dict]) -> dict:
    """What platforms say they brought: None where no row says anything."""
    conversions = [Fraction(row["platform_conversions"]) for row in rows if row.get("platform_conversions") is not None]
    values = [
        business.exchange.converted(row["platform_conversion_value"], row["currency"], row["stat_date"])
        for row in rows if row.get("platform_conversion_value") is not None
    ]
    return {
        "platform_conversions": sum(conversions) if conversions else None,
        "platform_conversion_value": total(values) if values else None,
    }


def returned(row: dict, cost: Decimal) -> dict:
    """The return that platforms claim."""
    value = row["platform_conversion_value"]
    return row | {"roas": None if value is None else ratio(value, cost)}


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
    ads = grouped([row for row, _ in ad_costs(business)], lambda row: (row["stat_date"], row["channel_code"]))
    rows = []
    for key, cell in figures.items():
        said = claimed(business, ads.get(key, []))
        if any(cell.values()) or any(said.values()):
            rows.append({
                "day": key[0], "channel_code": key[1], **cell, **returned(said, cell["cost"]),
                "own_roas": ratio(cell["net"], cell["cost"]),
            })  # fmt: skip
    return rows


def channel_performance(business: Business) -> list[dict]:
    """One row per acquired channel × acquired month that has users or cost."""
    costs: dict[tuple, Decimal] = defaultdict(Decimal)
    for row, cost in ad_costs(business):
        costs[row["channel_code"], row["stat_date"].replace(day=1)] += cost
    people = grouped(business.acquired, lambda p: (p.acquired_channel, p.acquired_month))
    ads = grouped([r for r, _ in ad_costs(business)], lambda r: (r["channel_code"], r["stat_date"].replace(day=1)))
    keys = set(people) | {key for key, cost in costs.items() if cost}
    rows = []
    for key in keys:
        row = _performance(business, key, people.get(key, []), costs.get(key, Decimal(0)))
        net = None if row["net_90"] is None else row["net_90"] * row["users"]
        own = {"own_roas": None if net is None else ratio(net, row["cost"])}
        rows.append(row | returned(claimed(business, ads.get(key, [])), row["cost"]) | own)
    return rows


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


def refunds_daily(business: Business) -> list[dict]:
    """One row per day of refund × source × acquired channel × reason × whether it counts × whether it is a guess."""
    counted = {order.order_id for order in business.counted}
    cells = defaultdict(list)
    for refund, amounts, order in _refunds(business):
        user = business.identity.of_order.get(order["order_id"])
        channel = business.channel_of(user) if user and business.people[user].acquired_at else "unknown"
        day = business.known.local_day(refund["refunded_at"])
        key = (day, SOURCE, channel, refund["reason"], order["order_id"] in counted, refund["is_date_estimated"])
        cells[key].append((order["order_id"], amounts))
    names = ("day", "source", "acquired_channel_code", "reason", "is_counted", "is_date_estimated")
    rows = []
    for key, found in cells.items():
        sums = {}
        for name in ("amount", "shipping_amount", "tax_amount"):
            said = [amounts[name] for _, amounts in found if amounts[name] is not None]
            sums[name] = total(said) if said else None
        rows.append(
            dict(zip(names, key, strict=True)) | {"refunds": len(found), "orders": len({o for o, _ in found})} | sums
        )
    return rows


def _refunds(business: Business) -> list[tuple[dict, dict, dict]]:
    """Refunds by the day of orders paid by then, whatever became of them, converted at the order day's rate."""
    known, found = business.known, []
    orders = {row["order_id"]: row for row in known.rows("orders")}
    for refund in known.rows("refunds"):
        order = orders.get(refund["order_id"])
        if order is None or order.get("is_test") or order["paid_at"] is None:
            continue
        if known.local_day(order["paid_at"]) > business.day:
            continue
        if known.local_day(refund["refunded_at"]) > business.day:
            continue
        day, amounts = known.local_day(order["paid_at"]), {}
        for name in ("amount", "shipping_amount", "tax_amount"):
            amount = refund.get(name)
            amounts[name] = None if amount is None else business.exchange.converted(amount, order["currency"], day)
        found.append((refund, amounts, order))
    return found


def source_daily(business: Business) -> list[dict]:
    """One row per day × source; every file of the oracle's businesses has the contracts' shape."""
    known, days = business.known, defaultdict(lambda: dict.fromkeys(SOURCE_FIGURES, 0))
    for order in business.counted:
        days[order.day]["orders"] += 1
        days[order.day]["net"] += order.net
    for refund, amounts, _ in _refunds(business):
        days[known.local_day(refund["refunded_at"])]["refunds_amount"] += amounts["amount"]
    first: dict[str, date] = {}
    for version in known.seen("contacts"):
        name = version.row["contact_id"]
        first[name] = min(first.get(name, version.folder), version.folder)
    for row in known.rows("contacts"):
        at = row["registered_at"]
        days[known.local_day(at) if at else first[row["contact_id"]]]["new_contacts"] += 1
    for row, cost in ad_costs(business):
        days[row["stat_date"]]["cost"] += cost
    return [{"day": day, "source": SOURCE, **cell} for day, cell in days.items() if any(cell.values())]
