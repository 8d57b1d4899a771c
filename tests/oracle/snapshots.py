"""What the wild business adds to the simulated snapshots, and how they change; and a sign of life in each folder."""

from datetime import date, datetime, time

from oracle.delivery import Delivery

CHANGES_ON = date(2025, 4, 1)
CAMPAIGN = {
    "campaign_id": "WILD_CAMPAIGN", "campaign_name": "Wild", "scenario": "win-back", "starts_on": "2025-02-10",
    "ends_on": "2025-03-09", "offer": "coupon", "budget": "100.00",
}
STORES = [
    {"store_id": "WST4", "store_name": "Late store", "city": "Shanghai", "latitude": "31.2310", "longitude": "121.4705",
     "opened_on": "2025-04-20"},
    {"store_id": "WST0", "store_name": "Next door", "city": "Shanghai", "latitude": "31.23", "longitude": "121.47",
     "opened_on": "2023-07-31"},
]
COMMUNITIES = [
    {"community_id": f"WCM{i}", "community_name": f"Court {i}", "city": "Shanghai", "latitude": f"{31.2 + i / 300:.6f}",
     "longitude": "121.47", "households": str(20 * i), "store_id": store, "courier_id": courier}
    for i, store, courier in ((7, "ST1", "S10"), (8, "", "S11"), (9, "WST4", ""))
]
RATES = [("2023-01-01", "USD", "7.0"), ("2024-02-29", "USD", "6.6655"), ("2023-01-01", "EUR", "7.77777"),
         ("2025-03-09", "EUR", "8.005")]


def change_snapshots(delivery: Delivery) -> None:
    """Whole tables that differ from folder to folder; one folder goes without the optional ones."""
    for folder in delivery.dates:
        exports = delivery.rows[folder]
        exports["channels"].append(_fair(folder))
        exports["products"] += _products(folder)
        exports["fx_rates"] += [
            {"rate_date": d, "currency": c, "rate": r} for d, c, r in RATES if d <= folder.isoformat()
        ]
        exports["campaigns"].append(CAMPAIGN)
        exports["stores"] += STORES
        exports["communities"] += COMMUNITIES
        exports["communities"][0] = exports["communities"][0] | {"households": "0"}
        for row, target in zip(exports["staff"][-3:], ("3", "0", ""), strict=False):
            row["new_consumer_target"] = target
    for export in ("products", "fx_rates", "communities", "campaigns"):
        del delivery.rows[delivery.dates[-4]][export]


def _fair(folder: date) -> dict:
    """A channel that costs at first."""
    is_paid = folder < CHANGES_ON
    return {"channel_code": "fair", "channel_name": "Trade fair", "domain": "offline", "category": "other",
            "is_paid": "true" if is_paid else "false", "pricing_model": "fixed", "started_on": "2023-01-01"}


def _products(folder: date) -> list[dict]:
    """One that becomes cheaper to buy, one that leaves the list."""
    early = folder < CHANGES_ON
    one = {"sku": "WILD1", "product_name": "Wild one", "category": "Snacks", "list_price": "9.99",
           "unit_cost": "4.10" if early else "3.33"}
    two = {"sku": "WILD2", "product_name": "Wild two", "category": "Äpfel", "list_price": "0.05",
           "launched_on": "2025-02-01"}
    return [one, two] if early else [one]


def heartbeat(delivery: Delivery) -> None:
    """A row of its own date in every required delta: a bigger file without one is refused as another night's."""
    start = datetime.combine(delivery.dates[0], time(0, 30), tzinfo=delivery.zone)
    contact = {"contact_id": "BEAT", "gender": "u", "registered_at": start}
    contact |= {f"{medium}_consent": False for medium in ("sms", "email", "wechat", "app_push", "weibo")}
    order = {
        "order_id": "BEAT", "contact_id": "BEAT", "status": "paid", "placed_at": start, "paid_at": start,
        "gross_amount": "1.00", "discount_amount": "0.00", "shipping_amount": "0.00", "paid_amount": "1.00",
        "currency": "CNY", "sales_channel": "app",
    }
    line = {"order_id": "BEAT", "line_no": 1, "sku": "SKU001", "quantity": 1, "unit_price": 1, "line_amount": 1}
    for day in delivery.dates:
        noon = datetime.combine(day, time(12), tzinfo=delivery.zone)
        for export, row in (("contacts", contact), ("orders", order), ("order_lines", line)):
            delivery.add_known(export, row, noon)
