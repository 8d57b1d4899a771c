"""channel_verdicts, attribution, keyword_costs.

Left open by the specification and taken from the published descriptions: what a free channel is; that credits are
rounded to ten decimals (so they are compared as floats); that rows without a keyword stand in no row.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, sqrt

from oracle.business import Business, grouped, next_month
from oracle.channels import ad_costs
from oracle.users import ratio, total

Z, WINDOW_DAYS, HALF_LIFE_DAYS = 1.96, 30, 7
START, CONVERSION = "(start)", "(conversion)"


def channel_verdicts(business: Business) -> list[dict]:
    """One row per channel, listed or met as an acquired channel or in advertising cost."""
    listed = {row["channel_code"]: row for row in business.known.rows("channels")}
    costs = grouped(ad_costs(business), lambda pair: pair[0]["channel_code"])
    people = grouped(business.acquired, lambda p: p.acquired_channel)
    rows = []
    for channel in set(listed) | set(costs) | set(people):
        mature = [p for p in people.get(channel, []) if (business.day - p.acquired_day).days >= 90]
        margins = [
            float(total(o.margin for o in p.orders if (o.day - p.acquired_day).days < 90)) for p in mature
        ]
        cost = sum((c for r, c in costs.get(channel, []) if month_is_mature(business, r["stat_date"])), Decimal(0))
        buyers = [p for p in people.get(channel, []) if month_is_mature(business, p.acquired_day)]
        cac = ratio(cost, len(buyers))
        has_cost = any(c for _, c in costs.get(channel, []))
        is_free = listed[channel]["pricing_model"] == "free" if channel in listed else not has_cost
        rows.append({"channel_code": channel, **_verdict(margins, cac, is_free)})
    return rows


def month_is_mature(business: Business, day: object) -> bool:
    """90 days after its last day."""
    return (business.day - (next_month(day) - timedelta(days=1))).days >= 90


def _verdict(margins: list[float], cac: Fraction | None, is_free: bool) -> dict:
    low = high = needed = None
    n = len(margins)
    if n >= 2:
        mean = sum(margins) / n
        deviation = sqrt(sum((m - mean) ** 2 for m in margins) / (n - 1))
        low, high = mean - Z * deviation / sqrt(n), mean + Z * deviation / sqrt(n)
        if cac is not None and mean != float(cac):
            needed = max(0, ceil((Z * deviation / (mean - float(cac))) ** 2) - n)
    verdict = "test"
    if is_free:
        verdict = "keep"
    elif low is not None and cac is not None:
        verdict = "scale" if low > cac else "cut" if high < cac else "test"
    return {
        "verdict": verdict,
        "margin_low": low,
        "margin_high": high,
        "cac": cac,
        "users": n,
        "users_still_needed": needed,
    }


@dataclass
class Path:
    """The channels of a user's touches in order, with their ages in days; net is None where it led to no order."""

    channels: list[str]
    ages: list[float]
    net: Decimal | None


def paths(business: Business) -> list[Path]:
    """Of every user with a counted order or a touch."""
    found = []
    for person in business.people.values():
        touches = person.touches_in_order
        if person.orders:
            end, net = person.orders[0].paid_at, person.orders[0].net
            touches = [t for t in touches if t["occurred_at"].replace(microsecond=0) <= end.replace(microsecond=0)]
        elif touches:
            end, net = touches[-1]["occurred_at"], None
        else:
            continue
        last_day = business.known.local_day(end)
        touches = [t for t in touches if (last_day - business.known.local_day(t["occurred_at"])).days < WINDOW_DAYS]
        channels = [t["channel_code"] for t in touches] or ["direct"]
        ages = [(end - t["occurred_at"]) / timedelta(days=1) for t in touches] or [0.0]
        found.append(Path(channels, ages, net))
    return found


def weights(model: str, path: Path) -> list[float]:
    """What each touch of a converting path is credited with, up to a factor."""
    n = len(path.channels)
    if model == "first":
        return [1.0] + [0.0] * (n - 1)
    if model == "last":
        return [0.0] * (n - 1) + [1.0]
    if model == "linear":
        return [1.0] * n
    if model == "time_decay":
        return [0.5 ** (age / HALF_LIFE_DAYS) for age in path.ages]
    return [1.0] * n if n <= 2 else [0.4] + [0.2 / (n - 2)] * (n - 2) + [0.4]


def shares(model: str, path: Path) -> dict[str, float]:
    """The part of one conversion that each channel of its path is credited with."""
    if model == "shapley":
        # v(S) counts the paths within S: each is shared alike by the channels that must all be there.
        return {channel: 1 / len(set(path.channels)) for channel in set(path.channels)}
    of_touches, found = weights(model, path), defaultdict(float)
    for channel, weight in zip(path.channels, of_touches, strict=True):
        found[channel] += weight / sum(of_touches)
    return found


def chance_of_conversion(found: list[Path], removed: str | None) -> Fraction:
    """Of the order-1 chain over all paths, with one channel leading nowhere."""
    moves: dict[str, Counter] = defaultdict(Counter)
    for path in found:
        steps = [START, *path.channels, *([CONVERSION] if path.net is not None else ["(nowhere)"])]
        for state, after in zip(steps, steps[1:], strict=False):
            moves[state][after] += 1
    states = [state for state in moves if state != removed]
    rows = []  # chance(s) - sum p(s, t) chance(t) = p(s, conversion)
    for state in states:
        all_moves = sum(moves[state].values())
        row = [Fraction(state == other) - Fraction(moves[state][other], all_moves) for other in states]
        rows.append([*row, Fraction(moves[state][CONVERSION], all_moves)])
    return solved(rows)[states.index(START)]


def solved(rows: list[list[Fraction]]) -> list[Fraction]:
    """The solution of linear equations by elimination; each row ends with its right side."""
    for k in range(len(rows)):
        pivot = next(i for i in range(k, len(rows)) if rows[i][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for i, row in enumerate(rows):
            if i != k and row[k]:
                rows[i] = [value - row[k] * of_pivot for value, of_pivot in zip(row, rows[k], strict=True)]
    return [row[-1] for row in rows]


def removal_shares(found: list[Path]) -> dict[str, float]:
    """Each channel's part of the removal effects."""
    whole = chance_of_conversion(found, None)
    channels = {channel for path in found for channel in path.channels}
    effects = {channel: 1 - chance_of_conversion(found, channel) / whole for channel in channels}
    return {channel: float(effect / sum(effects.values())) for channel, effect in effects.items()}


def attribution(business: Business) -> list[dict]:
    """One row per channel of any path × model."""
    found = paths(business)
    converting = [path for path in found if path.net is not None]
    channels = {channel for path in found for channel in path.channels}
    rows = []
    for model in ("first", "last", "linear", "position", "time_decay", "shapley", "markov"):
        conversions, net = defaultdict(float), defaultdict(float)
        if model == "markov":
            for channel, share in removal_shares(found).items():
                conversions[channel] = share * len(converting)
                net[channel] = share * float(total(path.net for path in converting))
        else:
            for path in converting:
                for channel, share in shares(model, path).items():
                    conversions[channel] += share
                    net[channel] += share * float(path.net)
        rows += [
            {"channel_code": c, "model": model, "conversions": conversions[c], "net": net[c]} for c in channels
        ]
    return rows


def keyword_costs(business: Business) -> list[dict]:
    """One row per month × keyword."""
    clicks, costs = Counter(), defaultdict(Decimal)
    for row, cost in ad_costs(business, keywords=True):
        if row["keyword"]:
            key = row["stat_date"].replace(day=1), row["keyword"]
            clicks[key] += row["clicks"]
            costs[key] += cost
    rows = []
    for month, keyword in clicks:
        key, before = (month, keyword), ((month - timedelta(days=1)).replace(day=1), keyword)
        cpc, earlier = ratio(costs[key], clicks[key]), ratio(costs.get(before, 0), clicks.get(before, 0))
        rows.append(
            {
                "month": month,
                "keyword": keyword,
                "clicks": clicks[key],
                "cost": costs[key],
                "cpc": cpc,
                "cpc_change": cpc / earlier - 1 if cpc is not None and earlier else None,
            }
        )
    return rows
