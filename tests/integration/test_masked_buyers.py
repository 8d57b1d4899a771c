"""A shop whose platform masks every buyer: orders and lines alone; published every night, with empty user marts."""

import csv
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from conftest import with_database
from deployment import clean_environment, userops

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


@pytest.fixture
def url(server_url: str) -> Iterator[str]:
    name = f"userops_masked_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'create database "{name}"')
    yield with_database(server_url, name)
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'drop database "{name}" with (force)')


def test_masked_buyers_alone_are_published_every_night(url: str, tmp_path: Path) -> None:
    environment = clean_environment(
        USEROPS_ENGINE="duckdb", USEROPS_HOME=str(tmp_path / "home"), USEROPS_DATABASE_URL=url,
        USEROPS_LANDING=str(tmp_path / "landing"), USEROPS_HASH_KEY="k" * 64, USEROPS_SOURCES="pinduoduo",
    )  # fmt: skip
    for number, night in enumerate(NIGHTS, start=1):
        deliver(tmp_path / "landing", night)
        code, printed = userops(["run", "--date", night.isoformat()], environment, seconds=600)
        assert code == 0, printed
        with psycopg.connect(url) as connection:
            assert connection.execute("select count(*) from marts.users").fetchone() == (0,)
            assert connection.execute("select sum(orders), sum(net) from marts.channel_daily").fetchone() == (
                number * ORDERS, number * ORDERS * 198 / 10
            )
            blocking = connection.execute(
                "select check_name, subject, observed from marts.quality_results"
                " where not passed and severity = 'critical'"
            ).fetchall()
            assert blocking == []
