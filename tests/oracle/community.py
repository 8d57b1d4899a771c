"""store_performance, community_penetration, courier_targets, group_performance.

Left open by the specification and taken from the published descriptions: the months of a store and what its covered
communities are; a courier's projected day; whose orders a group's share counts; the further columns.
"""

from datetime import date, timedelta
from math import asin, ceil, cos, radians, sin, sqrt

from oracle.business import Business, Person, grouped, months_between, next_month
from oracle.channels import first_order_conversion, next_month_repurchase_rate
from oracle.users import ratio, total

EARTH_RADIUS_KM, REACH_KM, RECENT_DAYS = 6371.0088, 3, 30
DEFAULT_TARGET, FARTHEST_DAYS = 1000, 36500


def distance_km(one: dict, other: dict) -> float:
    """Great-circle distance of two places by the haversine."""
    a, b = radians(one["latitude"]), radians(other["latitude"])
    across = radians(other["longitude"] - one["longitude"])
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(across / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(half))


def open_stores(business: Business) -> list[dict]:
    """Stores opened by the business date."""
    return [store for store in business.known.rows("stores") if store["opened_on"] <= business.day]


def consumers(business: Business) -> list[Person]:
    """Users with a counted order."""
    return [person for person in business.people.values() if person.orders]


def store_performance(business: Business) -> list[dict]:
    """One row per store × month since it opened or had its first figure."""
    of_store = grouped(business.acquired, lambda p: p.attribute("store_id"))
    orders_of = grouped(business.counted, lambda o: o.row["store_id"])
    communities = business.known.rows("communities")
    first_days = {
        community: min(p.orders[0].day for p in people)
        for community, people in grouped(consumers(business), lambda p: p.attribute("community_id")).items()
    }
    rows = []
    for store in open_stores(business):
        people, orders = of_store.get(store["store_id"], []), orders_of.get(store["store_id"], [])
        near = [c for c in communities if distance_km(store, c) <= REACH_KM]
        first = min(
            [store["opened_on"], *(p.acquired_day for p in people), *(o.day for o in orders)]
        )
        for month in months_between(first, business.day):
            new = [p for p in people if p.acquired_month == month]
            buyers = [p for p in people if p.orders and p.orders[0].month == month]
            made = [o for o in orders if o.month == month]
            covered = [c for c in near if first_days.get(c["community_id"], date.max) < next_month(month)]
            rows.append(
                {
                    "store_id": store["store_id"],
                    **{name: store[name] for name in ("store_name", "latitude", "longitude")},
                    "month": month,
                    "new_users": len(new),
                    "first_order_conversion": first_order_conversion(new, business.day),
                    "first_buyers": len(buyers),
                    "next_month_repurchase_rate": next_month_repurchase_rate(people, month, business.day),
                    "orders": len(made),
                    "net": total(o.net for o in made),
                    "communities_3km": len(near),
                    "communities_assigned": sum(c["store_id"] == store["store_id"] for c in near),
                    "communities_covered": len(covered),
                    "coverage": ratio(len(covered), len(near)),
                }
            )
    return rows


def community_penetration(business: Business) -> list[dict]:
    """One row per community."""
    buyers = grouped(consumers(business), lambda p: p.attribute("community_id"))
    rows = []
    for community in business.known.rows("communities"):
        stores = sorted((distance_km(s, community), s["store_id"]) for s in open_stores(business))
        users = len(buyers.get(community["community_id"], []))
        rows.append(
            {
                "community_id": community["community_id"],
                **{name: community[name] for name in ("community_name", "latitude", "longitude")},
                "households": community["households"],
                "consumer_users": users,
                "penetration": ratio(users, community["households"]),
                "nearest_store_id": stores[0][1] if stores else None,
                "distance_km": stores[0][0] if stores else None,
                "assigned_store_id": community["store_id"],
                "assigned_courier_id": community["courier_id"],
                "is_overlap": sum(km <= REACH_KM for km, _ in stores) >= 2,
            }
        )
    return rows


def courier_targets(business: Business) -> list[dict]:
    """One row per courier."""
    assigned = grouped(business.known.rows("communities"), lambda c: c["courier_id"])
    rows = []
    for courier in business.known.rows("staff"):
        if courier["role"] != "courier":
            continue
        theirs = {c["community_id"] for c in assigned.get(courier["staff_id"], [])}
        days = sorted(p.orders[0].day for p in consumers(business) if p.attribute("community_id") in theirs)
        target = DEFAULT_TARGET if courier["new_consumer_target"] is None else courier["new_consumer_target"]
        won = sum((business.day - day).days < RECENT_DAYS for day in days)
        rows.append(
            {
                "staff_id": courier["staff_id"],
                "communities": len(theirs),
                "consumer_users": len(days),
                "target": target,
                "attainment": ratio(len(days), target),
                "per_day_30d": ratio(won, RECENT_DAYS),
                "projected_day": _projected_day(business.day, days, target, won),
            }
        )
    return rows


def _projected_day(day: date, days: list[date], target: int, won: int) -> date | None:
    if not target:
        return None
    if len(days) >= target:
        return days[target - 1]
    if not won:
        return None
    ahead = ceil((target - len(days)) * RECENT_DAYS / won)
    return day + timedelta(days=ahead) if ahead <= FARTHEST_DAYS else None


def group_performance(business: Business) -> list[dict]:
    """One row per group."""
    known, day = business.known, business.day
    stays = grouped(known.rows("group_members"), lambda s: s["group_id"])
    rows = []
    for group in known.rows("groups"):
        own = stays.get(group["group_id"], [])
        users = {business.identity.of_contact_id(s["contact_id"]) for s in own if s["left_at"] is None} - {None}
        members = [business.people[user] for user in users]
        orders = [o for o in business.counted if o.row["group_id"] == group["group_id"]]
        buyers, again = (sum(len(p.orders) >= n for p in members) for n in (1, 2))
        mature = [p for p in members if p.acquired_day and (day - p.acquired_day).days >= 30]
        rows.append(
            {
                "group_id": group["group_id"],
                "members": len(members),
                "joins_30d": sum((day - known.local_day(s["joined_at"])).days < RECENT_DAYS for s in own),
                "leaves_30d": sum(
                    (day - known.local_day(s["left_at"])).days < RECENT_DAYS for s in own if s["left_at"]
                ),
                "orders": len(orders),
                "net": total(o.net for o in orders),
                "orders_share": ratio(len(orders), len(business.counted)),
                "member_orders_share": ratio(sum(len(p.orders) for p in members), len(business.counted)),
                "buyers": buyers,
                "repurchasers": again,
                "repurchase_share": ratio(again, len(members)),
                "first_order_conversion": first_order_conversion(mature, day),
            }
        )
    return rows
