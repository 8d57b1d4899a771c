"""What a simulated business is made of before anyone buys: channels with known quality, goods, places, staff."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal


@dataclass(frozen=True)
class Channel:
    """A channel and its truth: whom it brings and what they do then."""

    code: str
    name: str
    domain: str
    category: str
    pricing: str
    share: float  # of the acquired people
    cost_per_person: int  # cents spent for each person it brings
    first_order: float  # probability that a person it brings ever buys
    again: float  # probability of one more order after each order
    gap_days: float  # mean days between two orders
    keywords: tuple[str, ...] = ("",)

    @property
    def is_paid(self) -> bool:
        return self.cost_per_person > 0

    def truth(self) -> dict:
        return {k: v for k, v in asdict(self).items() if k not in ("name", "keywords")} | {"is_paid": self.is_paid}


CHANNELS = (
    Channel(
        "search_ads",
        "Search advertising",
        "public",
        "search_engine",
        "cpc",
        0.20,
        2600,
        0.42,
        0.55,
        24,
        ("family snacks", "gift box"),
    ),
    Channel("short_video", "Short video advertising", "public", "short_video", "cpm", 0.18, 1900, 0.22, 0.25, 30),
    Channel("social_posts", "Social posts", "public", "social_content", "free", 0.14, 0, 0.33, 0.45, 26),
    Channel("marketplace", "Marketplace shop", "public", "ecommerce_platform", "cps", 0.16, 1400, 0.55, 0.40, 28),
    Channel("store_qr", "Store QR code", "offline", "store", "free", 0.10, 0, 0.60, 0.65, 18),
    Channel("staff_wecom", "Staff friends", "private", "staff", "free", 0.08, 0, 0.50, 0.70, 16),
    Channel("groups", "Community groups", "private", "community_group", "free", 0.08, 0, 0.48, 0.68, 15),
    Channel("referral", "Friends of friends", "internal", "referral", "free", 0.06, 0, 0.58, 0.66, 17),
)

# category, subcategory, list price in cents, days between two purchases (None: bought once)
GOODS = (
    ("Snacks", "Nuts", 3990, 21),
    ("Snacks", "Biscuits", 1890, 14),
    ("Snacks", "Dried fruit", 2990, 21),
    ("Dairy", "Milk", 6990, 10),
    ("Dairy", "Yoghurt", 4590, 7),
    ("Dairy", "Cheese", 5290, 20),
    ("Household", "Detergent", 3290, 45),
    ("Household", "Tissues", 2590, 30),
    ("Household", "Cookware", 19900, None),
    ("Baby", "Nappies", 12900, 25),
    ("Baby", "Wipes", 2290, 20),
    ("Baby", "Pushchair", 89900, None),
    ("Beauty", "Cleanser", 8900, 60),
    ("Beauty", "Cream", 15900, 75),
    ("Beauty", "Sunscreen", 9900, 50),
    ("Tea", "Green tea", 11800, 40),
    ("Tea", "Black tea", 9800, 40),
    ("Tea", "Tea set", 25900, None),
    ("Gifts", "Gift box", 16800, None),
    ("Gifts", "Greeting card", 990, None),
)
PLACES = (
    ("Shanghai", 1, 31.23, 121.47),
    ("Hangzhou", 2, 30.27, 120.15),
    ("Suzhou", 2, 31.30, 120.58),
    ("Wuxi", 3, 31.49, 120.31),
)
STAFF_ROLES = (
    "founder",
    "employee",
    "employee",
    "customer_service",
    "store_guide",
    "store_guide",
    "courier",
    "courier",
    "courier",
)


def channels(start: date, listed: tuple[Channel, ...] = CHANNELS, suffix: str = "") -> list[dict]:
    """The channels export."""
    return [
        {
            "channel_code": c.code,
            "channel_name": c.name + suffix,
            "domain": c.domain,
            "category": c.category,
            "is_paid": c.is_paid,
            "pricing_model": c.pricing,
            "started_on": start,
            "monthly_budget": Decimal("20000.00") if c.is_paid else None,
        }
        for c in listed
    ]


def products(start: date) -> list[dict]:
    """The products export; every seventh cost is unknown, as in life."""
    return [
        {
            "sku": f"SKU{i:03d}",
            "product_name": f"{sub} {i}",
            "category": category,
            "subcategory": sub,
            "brand": f"Brand {i % 4 + 1}",
            "list_price": Decimal(price).scaleb(-2),
            "unit_cost": None if i % 7 == 6 else Decimal(price * 58 // 100).scaleb(-2),
            "replenishment_days": cycle,
            "launched_on": start - timedelta(days=30),
        }
        for i, (category, sub, price, cycle) in enumerate(GOODS)
    ]


def stores(start: date) -> list[dict]:
    """The stores export."""
    return [
        {
            "store_id": f"ST{i + 1}",
            "store_name": f"{city} store",
            "city": city,
            "latitude": lat,
            "longitude": lon,
            "opened_on": start,
        }
        for i, (city, _, lat, lon) in enumerate(PLACES[:3])
    ]


def communities() -> list[dict]:
    """The communities export: two near each store."""
    rows = []
    for i in range(6):
        city, _, lat, lon = PLACES[i % 3]
        rows.append(
            {
                "community_id": f"CM{i + 1}",
                "community_name": f"{city} court {i + 1}",
                "city": city,
                "latitude": round(lat + 0.006 * (i + 1), 6),
                "longitude": round(lon - 0.004 * (i + 1), 6),
                "households": 400 + 150 * i,
                "store_id": f"ST{i % 3 + 1}",
                "courier_id": f"S{7 + i % 3}",
            }
        )
    return rows


def staff(roles: tuple[str, ...] = STAFF_ROLES, has_stores: bool = True) -> list[dict]:
    """The staff export."""
    return [
        {
            "staff_id": f"S{i + 1}",
            "staff_name": f"Colleague {i + 1}",
            "role": role,
            "store_id": f"ST{i % 3 + 1}" if has_stores and role in ("store_guide", "courier") else None,
            "new_consumer_target": 1000 if role == "courier" else None,
        }
        for i, role in enumerate(roles)
    ]


def fx_rates(start: date, day: date) -> list[dict]:
    """The fx_rates export known on a day: a slowly moving dollar."""
    return [
        {
            "rate_date": start + timedelta(days=k),
            "currency": "USD",
            "rate": Decimal(71000 + 37 * (k * 7 % 11)).scaleb(-4),
        }
        for k in range((day - start).days + 1)
    ]


def campaigns(start: date, end: date, listed: tuple[Channel, ...] = CHANNELS, suffix: str = "") -> list[dict]:
    """The campaigns export: one always-on campaign a paid channel, one message campaign a month."""
    rows = [
        {
            "campaign_id": f"AD_{c.code}",
            "campaign_name": f"{c.name} always on{suffix}",
            "scenario": "new-user conversion",
            "starts_on": start,
            "ends_on": start + timedelta(days=1095),
            "offer": "none",
        }
        for c in listed
        if c.is_paid
    ]
    scenarios = (("repurchase", "coupon"), ("win-back", "discount"), ("price promotion", "coupon"))
    month = start.replace(day=1)
    while month <= end:
        scenario, offer = scenarios[month.month % 3]
        after = (month + timedelta(days=32)).replace(day=1)
        rows.append(
            {
                "campaign_id": f"MSG_{month:%Y%m}",
                "campaign_name": f"{scenario} {month:%Y-%m}{suffix}",
                "scenario": scenario,
                "starts_on": month,
                "ends_on": after - timedelta(days=1),
                "offer": offer,
                "budget": Decimal("500.00"),
            }
        )
        month = after
    return rows
