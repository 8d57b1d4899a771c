"""A shop whose platform masks every buyer: orders and lines alone; published every night, with empty user marts."""

import csv
from datetime import date
from pathlib import Path

import psycopg

from userops.settings import Settings
from whole_runs import run_whole

NIGHTS = (date(2026, 3, 2), date(2026, 3, 3))
HEAD = [
    "商品", "订单号", "订单状态", "商品总价(元)", "邮费(元)", "店铺优惠折扣(元)", "平台优惠折扣(元)",
    "用户实付金额(元)", "商家实收金额(元)", "商品数量(件)", "发货时间", "确认收货时间", "商品id", "商品规格",
    "商家编码-规格维度", "售后状态", "快递单号", "订单成交时间",
]  # fmt: skip
ORDERS = 30


def deliver(landing: Path, night: date) -> None:
    """Plain orders of the night, none with a phone."""
    folder = landing / night.isoformat()
    folder.mkdir(parents=True)
    with (folder / "pdd_orders.csv").open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(HEAD)
        for number in range(ORDERS):
            rows.writerow([
                "茶杯", f"\t{night:%y%m%d}-{100000000000000 + number}", "待发货", "17.80", "2.00", "0", "0", "19.80",
                "19.80", "1", "", "", "754299000002", "白", "", "无售后或售后取消", "", f"{night} 10:{number:02d}:00",
            ])  # fmt: skip


def test_masked_buyers_alone_are_published_every_night(warehouse_url: str, tmp_path: Path) -> None:
    settings = Settings.load({
        "USEROPS_ENGINE": "duckdb", "USEROPS_HOME": str(tmp_path / "home"), "USEROPS_DATABASE_URL": warehouse_url,
        "USEROPS_LANDING": str(tmp_path / "landing"), "USEROPS_HASH_KEY": "k" * 64, "USEROPS_SOURCES": "pinduoduo",
    })  # fmt: skip
    for number, night in enumerate(NIGHTS, start=1):
        deliver(tmp_path / "landing", night)
        run_whole(settings, night)
        with psycopg.connect(warehouse_url) as connection:
            version = connection.execute("select business_date from marts.publication where is_current").fetchone()
            assert version == (night,)
            assert connection.execute("select count(*) from marts.users").fetchone() == (0,)
            assert connection.execute("select sum(orders), sum(net) from marts.channel_daily").fetchone() == (
                number * ORDERS, number * ORDERS * 198 / 10
            )
            blocking = connection.execute(
                "select check_name, subject, observed from marts.quality_results"
                " where not passed and severity = 'critical'"
            ).fetchall()
            assert blocking == []
