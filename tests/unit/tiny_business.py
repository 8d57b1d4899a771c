"""A business of two people over three days, written by hand, and how tests look at the files made of it."""

import csv
import io
from functools import lru_cache
from pathlib import Path

import yaml

from csv_rows import rows_of, write_exports
from userops.settings import PROJECT_ROOT

ALL = "shopify,taobao,douyin,wecom,google_ads,ocean_engine"
FIRST, SECOND, THIRD = "2026-03-01", "2026-03-02", "2026-03-03"
EIGHT = "+08:00"


def order(name: str, contact: str, status: str, at: str, updated: str, **more: str) -> dict:
    paid = {"paid_at": f"{at}{EIGHT}"} if status != "created" else {}
    return {"order_id": name, "contact_id": contact, "status": status, "placed_at": f"{at}{EIGHT}",
            "updated_at": f"{updated}{EIGHT}", "currency": "CNY"} | paid | more


O1 = {"gross_amount": "50.00", "discount_amount": "5.00", "shipping_amount": "6.00", "paid_amount": "51.00",
      "sales_channel": "app"}
O2 = {"gross_amount": "1200.00", "discount_amount": "0.00", "shipping_amount": "0.00", "paid_amount": "1200.00",
      "sales_channel": "marketplace", "paid_at": ""}
CHANNEL = {"channel_name": "A channel", "domain": "public", "is_paid": "true", "pricing_model": "cpc",
           "started_on": "2025-01-01"}
CHANNELS = [CHANNEL | {"channel_code": code, "category": category} for code, category in (
    ("search_ads", "search_engine"), ("short_video", "short_video"), ("feed_ads", "new_media"))]
PRODUCTS = [{"sku": "TEA", "product_name": "Tea, green"}, {"sku": "CUP", "product_name": "Cup"}]
STAFF = [{"staff_id": "S1", "staff_name": "Colleague 1", "role": "employee"}]
GROUPS = [{"group_id": "G1", "group_name": "Group 1", "kind": "event", "owner_staff_id": "S1",
           "created_at": "2026-03-01T00:00:00"}]
SNAPSHOTS = {"channels": CHANNELS, "products": PRODUCTS, "staff": STAFF, "groups": GROUPS}


def ad(day: str, channel: str, keyword: str, impressions: int, clicks: int, cost: str) -> dict:
    return {"stat_date": day, "channel_code": channel, "campaign_id": f"AD_{channel}", "keyword": keyword,
            "impressions": str(impressions), "clicks": str(clicks), "cost": cost, "currency": "CNY",
            "updated_at": f"{day}T23:50:00{EIGHT}"}


def line(name: str, number: int, sku: str, quantity: int, price: str, amount: str, at: str) -> dict:
    return {"order_id": name, "line_no": str(number), "sku": sku, "quantity": str(quantity), "unit_price": price,
            "line_amount": amount, "updated_at": f"{at}{EIGHT}"}


def tiny(folder: Path) -> Path:
    """Two people: C1, a friend in a group, pays O1 of two lines and gets 9.00 back; C2 never pays O2."""
    write_exports(folder / FIRST, SNAPSHOTS | {
        "contacts": [
            {"contact_id": "C1", "phone": "13800138001", "email": "Ann@Example.com", "unionid": "un1",
             "external_userid": "wm1", "nickname": "Ann", "gender": "f", "city": "Hangzhou", "email_consent": "true",
             "updated_at": f"2026-03-01T09:00:00{EIGHT}"},
            {"contact_id": "C2", "phone": "'+86139 0013 9002", "gender": "m",
             "updated_at": f"2026-03-01T09:30:00{EIGHT}"},
        ],
        "friendships": [{"staff_id": "S1", "contact_id": "C1", "added_at": "2026-03-01T09:00:00", "add_way": "scan",
                         "channel_code": "search_ads", "updated_at": f"2026-03-01T09:00:00{EIGHT}"}],
        "group_members": [
            {"group_id": "G1", "contact_id": name, "joined_at": f"2026-03-01T10:00:00{EIGHT}", "join_way": "scan",
             "updated_at": f"2026-03-01T10:00:00{EIGHT}"} for name in ("C1", "C2")],
        "orders": [order("O1", "C1", "paid", "2026-03-01T11:00:00", "2026-03-01T11:00:00", **O1),
                   order("O2", "C2", "created", "2026-03-01T12:00:00", "2026-03-01T12:00:00", **O2)],
        "order_lines": [line("O1", 1, "TEA", 2, "20.00", "36.00", "2026-03-01T11:00:00"),
                        line("O1", 2, "CUP", 1, "10.00", "9.00", "2026-03-01T11:00:00"),
                        line("O2", 1, "CUP", 1, "1200.00", "1200.00", "2026-03-01T12:00:00")],
        "refunds": [],
        "ad_stats": [ad(FIRST, "search_ads", "tea", 1234, 56, "78.90"), ad(FIRST, "search_ads", "", 10, 1, "1.00"),
                     ad(FIRST, "short_video", "x", 12000, 301, "1234.56"),
                     ad(FIRST, "short_video", "y", 1000, 9, "0.44"), ad(FIRST, "feed_ads", "", 5, 1, "2.00")],
        "touches": [
            {"touch_id": "T1", "occurred_at": f"2026-03-01T08:00:00{EIGHT}", "channel_code": "search_ads",
             "campaign_id": "AD_search_ads", "contact_id": "C1", "updated_at": f"2026-03-01T08:00:00{EIGHT}"}],
        "pushes": [
            {"push_id": f"P{number}", "contact_id": name, "medium": "sms",
             "sent_at": f"2026-03-01T13:00:00{EIGHT}", "updated_at": f"2026-03-01T13:00:00{EIGHT}"}
            for number, name in ((1, "C1"), (2, "C2"), (3, "C3"))],
    })
    write_exports(folder / SECOND, SNAPSHOTS | {
        "contacts": [],
        "group_members": [
            {"group_id": "G1", "contact_id": "C1", "joined_at": f"2026-03-01T10:00:00{EIGHT}", "join_way": "scan",
             "left_at": f"2026-03-02T18:00:00{EIGHT}", "updated_at": f"2026-03-02T18:00:00{EIGHT}"}],
        "orders": [order("O1", "C1", "shipped", "2026-03-01T11:00:00", "2026-03-02T09:00:00", **O1),
                   order("O2", "C2", "cancelled", "2026-03-01T12:00:00", "2026-03-02T12:00:00", **O2)],
        "order_lines": [],
        "refunds": [{"refund_id": "R1", "order_id": "O1", "line_no": "2", "amount": "9.00", "reason": "damaged",
                     "refunded_at": f"2026-03-02T15:00:00{EIGHT}", "updated_at": f"2026-03-02T15:00:00{EIGHT}"}],
        "ad_stats": [ad(FIRST, "search_ads", "tea", 1274, 57, "79.90"),
                     ad(SECOND, "search_ads", "tea", 100, 3, "4.00")],
    })
    write_exports(folder / THIRD, SNAPSHOTS | {
        "orders": [], "order_lines": [],
        "reviews": [{"review_id": "V1", "order_id": "O1", "sku": "TEA", "contact_id": "C1", "rating": "5",
                     "created_at": f"2026-03-03T10:00:00{EIGHT}", "updated_at": f"2026-03-03T10:00:00{EIGHT}"}],
        "erasure_requests": [{"request_id": "Q1", "contact_id": "C1", "scope": "erase",
                              "requested_at": f"2026-03-03T20:00:00{EIGHT}",
                              "updated_at": f"2026-03-03T20:00:00{EIGHT}"}],
    })
    return folder


def cells_of(path: Path, encoding: str = "utf-8-sig") -> list[dict]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(encoding), newline="")))


def said(row: dict) -> dict:
    """The cells that are not empty."""
    return {name: cell for name, cell in row.items() if cell}


def expected(out: Path, day: str, export: str) -> list[dict]:
    return [said(row) for row in rows_of(out / "_truth" / "expected" / day / f"{export}.csv")]


@lru_cache
def layouts_of(platform: str) -> list[dict]:
    content = yaml.safe_load((PROJECT_ROOT / "platforms" / f"{platform}.yml").read_text())
    return content.get("layouts") or [content]
