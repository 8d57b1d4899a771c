"""campaign_performance, push_fatigue, push_response, product_turnover, loyalty_ledger.

Left open by the specification and taken from the published descriptions: when a campaign's figures are mature, its
cost and roi; who may be pushed; the bands of push_response; the windows, products and slow movers of product_turnover.
Control users and the uplift over them hang on a draw and are held by unit tests of the project, not here.
"""

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from oracle.business import Business, Person, grouped
from oracle.channels import ad_costs
from oracle.consent import MEDIA
from oracle.orders import Order
from oracle.users import is_reachable, ratio, total

LISTED = ("campaign_name", "scenario", "offer", "starts_on", "ends_on", "budget")
ORDER_DAYS, PUSH_MAX_7D, BAND_TOP = 7, 3, 5
SLOW_MOVER_SHARE = Fraction(1, 5)


def follows(business: Business, order: Order, push: dict) -> bool:
    """Paid at or after the push, within the 7 days from its day."""
    days = (order.day - business.known.local_day(push["sent_at"])).days
    return order.paid_at >= push["sent_at"] and days < ORDER_DAYS


def campaign_performance(business: Business) -> list[dict]:
    """One row per campaign, listed or known by its pushes, coupons or advertising."""
    known = business.known
    listed = {row["campaign_id"]: row for row in known.rows("campaigns")}
    pushes = grouped(known.rows("pushes"), lambda p: p["campaign_id"])
    coupons = grouped(known.rows("coupons"), lambda c: c["campaign_id"])
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for row, cost in ad_costs(business):
        costs[row["campaign_id"]] += cost
    ids = (set(listed) | set(pushes) | set(coupons) | set(costs)) - {None}
    return [
        _campaign(business, name, listed.get(name, {}), pushes.get(name, []), coupons.get(name, []), costs[name])
        for name in ids
    ]


def _campaign(
    business: Business, name: str, listed: dict, pushes: list[dict], coupons: list[dict], ad_cost: Decimal
) -> dict:
    of_user = grouped(pushes, lambda p: business.identity.of_contact_id(p["contact_id"]))
    of_user.pop(None, None)
    orders = [
        order
        for user, sent in of_user.items()
        for order in business.people[user].orders
        if any(follows(business, order, push) for push in sent)
    ]
    last = max((business.known.local_day(p["sent_at"]) for p in pushes), default=None)
    is_mature = last is not None and (business.day - last).days >= ORDER_DAYS
    coupon_cost = total(c["face_value"] for c in coupons if c["redeemed_at"])
    margin, cost = total(o.margin for o in orders), ad_cost + coupon_cost
    return {
        "campaign_id": name,
        **{column: listed.get(column) for column in LISTED},
        "pushes": len(pushes),
        "pushed_users": len(of_user),
        **{step: sum(p[f"{step}_at"] is not None for p in pushes)
           for step in ("delivered", "opened", "clicked", "unsubscribed")},
        "is_mature": is_mature,
        "orders_7d": len(orders) if is_mature else None,
        "net_7d": total(o.net for o in orders) if is_mature else None,
        "margin_7d": margin if is_mature else None,
        "coupons_issued": len(coupons),
        "coupons_redeemed": sum(c["redeemed_at"] is not None for c in coupons),
        "ad_cost": ad_cost,
        "coupon_cost": coupon_cost,
        "cost": cost,
        "roi": ratio(margin - ad_cost, cost) if is_mature else None,
    }


def push_fatigue(business: Business) -> list[dict]:
    """One row per user ever pushed."""
    rows = []
    for person in business.people.values():
        if not person.pushes:
            continue
        age = {p["push_id"]: (business.day - business.known.local_day(p["sent_at"])).days for p in person.pushes}
        recent = [p for p in person.pushes if age[p["push_id"]] < 30]
        week = sum(days < 7 for days in age.values())
        rows.append(
            {
                "user_id": person.user,
                "pushes_7d": week,
                "pushes_30d": len(recent),
                "open_rate_30d": _open_rate(recent),
                "open_rate_before": _open_rate([p for p in person.pushes if age[p["push_id"]] >= 30]),
                "best_hour": _best_hour(business, person),
                "may_push": week < PUSH_MAX_7D and any(is_reachable(business, person, medium) for medium in MEDIA),
            }
        )
    return rows


def _open_rate(pushes: list[dict]) -> object:
    delivered = [p for p in pushes if p["delivered_at"]]
    return ratio(sum(p["opened_at"] is not None for p in delivered), len(delivered))


def _best_hour(business: Business, person: Person) -> int | None:
    hours = Counter(p["opened_at"].astimezone(business.known.zone).hour for p in person.pushes if p["opened_at"])
    return min(hours, key=lambda hour: (-hours[hour], hour), default=None)


def push_response(business: Business) -> list[dict]:
    """One row per band of pushes in 7 days."""
    bands = defaultdict(list)
    day_of = business.known.local_day
    for person in business.people.values():
        days = [day_of(p["sent_at"]) for p in person.pushes]
        for push in person.pushes:
            if push["delivered_at"]:
                day = day_of(push["sent_at"])
                bands[min(sum(0 <= (day - other).days < 7 for other in days), BAND_TOP)].append((person, push))
    rows = []
    for band, delivered in bands.items():
        mature = [(p, push) for p, push in delivered if (business.day - day_of(push["sent_at"])).days >= ORDER_DAYS]
        ordered = sum(any(follows(business, order, push) for order in p.orders) for p, push in mature)
        pushes = [push for _, push in delivered]
        rows.append(
            {
                "pushes_7d_band": f"{band}+" if band == BAND_TOP else str(band),
                "delivered": len(pushes),
                "users": len({person.user for person, _ in delivered}),
                **{f"{rate}_rate": ratio(sum(push[column] is not None for push in pushes), len(pushes))
                   for rate, column in (("open", "opened_at"), ("click", "clicked_at"),
                                        ("unsubscribe", "unsubscribed_at"))},
                "order_rate": ratio(ordered, len(mature)),
            }
        )
    return rows


def product_turnover(business: Business) -> list[dict]:
    """One row per sku × campaign begun by the business date."""
    sold = Counter()  # units by product and day
    for order in business.counted:
        for line, _ in order.lines:
            sold[line["sku"], order.day] += line["quantity"]
    first_sale = min((day for _, day in sold), default=None)
    return [
        row
        for campaign in business.known.rows("campaigns")
        if campaign["starts_on"] <= business.day
        for row in _turnover(business, campaign, sold, first_sale)
    ]


def _turnover(business: Business, campaign: dict, sold: Counter, first_sale: date | None) -> list[dict]:
    """The products listed when the windows began and all sold in them; none where no window tells anything yet."""
    length = (campaign["ends_on"] - campaign["starts_on"]).days + 1
    units: dict[str, Counter | None] = {}
    for window, shift in (("before", -1), ("during", 0), ("after", 1)):
        first = campaign["starts_on"] + timedelta(days=shift * length)
        is_over = first + timedelta(days=length - 1) <= business.day
        is_known = is_over and first_sale is not None and first_sale <= first
        units[window] = Counter() if is_known else None
        for (sku, day), quantity in sold.items() if is_known else ():
            if 0 <= (day - first).days < length:
                units[window][sku] += quantity
    known = [window for window in units.values() if window is not None]
    if not known:
        return []
    began = campaign["starts_on"] - timedelta(days=length)
    products = business.known.rows("products")
    listed = {p["sku"] for p in products if p["launched_on"] is None or p["launched_on"] <= began}
    mean = ratio(sum((units["before"] or {}).get(sku, 0) for sku in listed), len(listed))
    rows = []
    for sku in listed.union(*known):
        before, during, after = (None if window is None else window[sku] for window in units.values())
        change = None if before is None or during is None else ratio(during - before, before)
        is_slow = None if before is None else sku in listed and before < mean * SLOW_MOVER_SHARE
        rows.append(
            {
                "campaign_id": campaign["campaign_id"],
                "sku": sku,
                "units_before": before,
                "units_during": during,
                "units_after": after,
                "uplift": change,
                "is_slow_mover": is_slow,
            }
        )
    return rows


def loyalty_ledger(business: Business) -> list[dict]:
    """One row per user × month with a booking of points."""
    rows = []
    for person in business.people.values():
        opening = 0
        months = grouped(person.points, lambda e: business.known.local_day(e["occurred_at"]).replace(day=1))
        for month, entries in sorted(months.items()):
            downward = [e for e in entries if e["reason"] == "adjust" and e["points"] < 0]
            spent = sum(-e["points"] for e in [*downward, *(e for e in entries if e["reason"] == "redeem")])
            expired = sum(-e["points"] for e in entries if e["reason"] == "expire")
            closing = opening + sum(e["points"] for e in entries)
            rows.append(
                {
                    "user_id": person.user,
                    "month": month,
                    "opening": opening,
                    "earned": closing - opening + spent + expired,
                    "spent": spent,
                    "expired": expired,
                    "closing": closing,
                }
            )
            opening = closing
    return rows
