"""Two shops of one platform, files of one name, and identifiers by namespace, in a warehouse."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from conftest import fresh_database
from lake_rows import raw
from userops import ingest
from userops.errors import UseropsError
from userops.ingest import landing
from userops.privacy import erasure, key_rotation, keys
from userops.settings import PROJECT_ROOT, Settings
from userops.warehouse.connection import connect

CASES = Path(__file__).resolve().parents[1] / "fixtures" / "cases"
FIRST, SECOND = date(2026, 3, 2), date(2026, 3, 3)
KEY, NEW = "k" * 64, "n" * 64


class Shops:
    """A warehouse of its own, and a landing place read by the sources of a sources.yml."""

    def __init__(self, url: str, root: Path, sources: str) -> None:
        (root / "home").mkdir(exist_ok=True)
        (root / "home" / "sources.yml").write_text(sources, encoding="utf-8")
        self.url, self.landing, self.root = url, root / "landing", root

    def settings(self, key: str = KEY) -> Settings:
        return Settings.load({
            "USEROPS_DATABASE_URL": self.url, "USEROPS_LANDING": str(self.landing), "USEROPS_HASH_KEY": key,
            "USEROPS_HOME": str(self.root / "home"), "USEROPS_TIMEZONE": "America/New_York", "USEROPS_CURRENCY": "USD",
        })  # fmt: skip

    def file(self, day: date, name: str, text: str) -> None:
        path = self.landing / day.isoformat() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, day: date, key: str = KEY) -> list[str]:
        """Store what is delivered up to the day; returns what blocks."""
        settings = self.settings(key)
        with connect(self.url, "loader") as connection:
            found = ingest.list_work(connection, settings, day)
            results = list(found.results)
            for exports in found.exports.values():
                for export in exports:
                    results += ingest.load_export(connection, settings, export, day, f"run {day}")
            results += ingest.check_owed(connection, settings, day, f"run {day}")
        return sorted(f"{one.check}@{one.subject}: {one.observed}" for one in results if one.blocks)

    def raw(self, query: str) -> list[tuple]:
        with connect(self.url, "loader") as connection:
            return raw(connection, self.settings(), query)

    def rows(self, query: str) -> list[tuple]:
        with psycopg.connect(self.url) as admin:
            return admin.execute(query).fetchall()

    def publish(self, day: date) -> None:
        with psycopg.connect(self.url) as admin:
            admin.execute(
                "insert into meta.publications (version, business_date, run_id, slot, load_id)"
                " select coalesce(max(version), 0) + 1, %s, 'r', 0, 0 from meta.publications",
                [day],
            )
            admin.execute("update meta.pointer set slot = 0, version = (select max(version) from meta.publications)")


@pytest.fixture
def url(server_url: str, migrated: str) -> Iterator[str]:
    with fresh_database(server_url, migrated) as made:
        yield made


SHOPS = """sources:
  - {name: shopify}
  - {name: shop_b, platform: shopify, channel_code: shop_b, files: [shop_b*.csv]}
"""
APPS = """sources:
  - {name: app_a, platform: canonical, namespace: a}
  - {name: app_b, platform: canonical, namespace: b}
"""


@pytest.mark.parametrize("place", ["shop_b_orders_export_1.csv", "shop_b/orders_export_1.csv"])
def test_orders_of_one_name_in_two_shops_are_two_orders(url: str, tmp_path: Path, place: str) -> None:
    shops = Shops(url, tmp_path, SHOPS)
    shutil.copytree(CASES / "shopify-two-stores-same-order-name", shops.landing)
    delivered = shops.landing / "2026-03-03" / "shop_b_orders_1.csv"
    shops.file(SECOND, place, delivered.read_text(encoding="utf-8"))
    delivered.unlink()
    # On the first day shop B had not delivered anything yet: that is a warning.
    assert shops.run(FIRST) == []
    assert shops.run(SECOND) == []
    assert shops.raw("select count(distinct order_id), count(distinct contact_id) from raw.orders") == [(36, 36)]
    goods = "select channel_code, sum(paid_amount - shipping_amount)::text from raw.orders group by 1 order by 1"
    assert shops.raw(goods) == [("shop_b", "600.00"), ("shopify", "1200.00")]
    assert shops.raw("select order_id from raw.orders where order_id like '%#1001' order by 1") == [
        ("shop_b:#1001",), ("shopify:#1001",)
    ]
    assert shops.rows("select distinct source, layout from meta.load_files order by 1") == [
        ("shop_b", "shopify/1"), ("shopify", "shopify/1")
    ]


def test_a_second_shop_may_be_a_platform_of_its_own(url: str, tmp_path: Path) -> None:
    """The case's own way: a platform `like: shopify` with names of its own."""
    shops = Shops(url, tmp_path, "sources: []\n")
    shutil.copytree(CASES / "shopify-two-stores-same-order-name", shops.landing)
    shutil.copytree(PROJECT_ROOT / "platforms", tmp_path / "platforms")
    like = "like: shopify\nvalues: {channel: shop_b}\nfiles: [shop_b_orders*.csv]\n"
    (tmp_path / "platforms" / "shop_b.yml").write_text(like, encoding="utf-8")
    settings = shops.settings().model_copy(update={"project_root": tmp_path, "sources": ("shopify", "shop_b")})
    files = landing.list_folder(settings, SECOND).delivered
    assert {(file.source_name, file.layout.label) for file in files if file.export == "orders"} == {
        ("shopify", "shopify/1"), ("shop_b", "shop_b/1")
    }


def test_a_file_is_owed_and_waived_by_its_source(url: str, tmp_path: Path) -> None:
    shops = Shops(url, tmp_path, SHOPS)
    shutil.copytree(CASES / "shopify-two-stores-same-order-name", shops.landing)
    whole = (shops.landing / "2026-03-03" / "shop_b_orders_1.csv").read_text(encoding="utf-8")
    (shops.landing / "2026-03-03" / "shop_b_orders_1.csv").unlink()
    shops.file(SECOND, "shop_b/orders_export_1.csv", whole.replace("Total,", "Sum,", 1))
    assert shops.run(FIRST) == []
    shops.publish(FIRST)
    assert {told.split(":")[0] for told in shops.run(SECOND)} == {
        "header@contacts", "header@order_lines", "header@orders", "header@refunds"
    }
    assert shops.rows("select distinct source, file_name from meta.load_files where state = 'refused'") == [
        ("shop_b", "orders_export_1.csv")
    ]
    settings = shops.settings()
    with pytest.raises(UseropsError, match="came from 2 sources.*one of shop_b/orders_export_1.csv, shopify/orders"):
        ingest.waive(url, settings, "orders_export_1.csv", SECOND, "Ada", "known")
    assert "orders" in ingest.waive(url, settings, "shop_b/orders_export_1.csv", SECOND, "Ada", "known")
    assert shops.rows("select source, file_name from meta.waivers") == [("shop_b", "orders_export_1.csv")]
    assert shops.run(SECOND) == []
    assert shops.raw("select count(*) from raw.orders") == [(24,)]
    shops.file(SECOND, "shop_b/orders_export_1.csv", whole)
    assert shops.run(SECOND) == []
    assert shops.raw("select count(*) from raw.orders") == [(36,)]


def test_a_source_that_delivered_before_owes_its_file(url: str, tmp_path: Path) -> None:
    shops = Shops(url, tmp_path, SHOPS)
    shutil.copytree(CASES / "shopify-two-stores-same-order-name", shops.landing)
    third = date(2026, 3, 4)
    text = (shops.landing / "2026-03-03" / "shop_b_orders_1.csv").read_text(encoding="utf-8")
    shops.file(third, "orders_export_1.csv", text.replace("2026-03-03", "2026-03-04").replace("#1", "#9"))
    assert shops.run(SECOND) == []
    shops.publish(SECOND)
    assert shops.run(third) == [f"export_present@{export}: no file of shop_b" for export in ("order_lines", "orders")]
    assert ingest.waive(url, shops.settings(), "shop_b/orders", third, "Ada", "closed") == ["orders"]
    assert shops.run(third) == ["export_present@order_lines: no file of shop_b"]


def test_devices_of_two_namespaces_outlive_a_change_of_the_key_and_an_erasure(url: str, tmp_path: Path) -> None:
    shops = Shops(url, tmp_path, APPS)
    for name, person in (("app_a", "Ada"), ("app_b", "Bob")):
        shops.file(FIRST, f"{name}/contacts.csv", "contact_id,gender,device_id,nickname,updated_at\n"
                   f"person-1,u,dev-1,{person},2026-03-02 08:00:00\nperson-1,?,,,2026-03-02 08:00:00\n")  # fmt: skip
    shops.run(FIRST)
    first = {name: keys.hashed(KEY, "device_id", keys.within(name, "dev-1")) for name in "ab"}
    assert shops.raw("select contact_id, device_id_hash from raw.contacts order by 1") == [
        ("app_a:person-1", first["a"]), ("app_b:person-1", first["b"])
    ]
    kept = "select namespace, raw_value, value, hash from vault.identifiers order by 1"
    assert shops.rows(kept) == [(name, "dev-1", "dev-1", first[name]) for name in "ab"]
    assert key_rotation.rotate(url, shops.settings(), NEW) == 2
    second = {name: keys.hashed(NEW, "device_id", keys.within(name, "dev-1")) for name in "ab"}
    assert shops.rows(kept) == [(name, "dev-1", "dev-1", second[name]) for name in "ab"]
    shops.publish(FIRST)
    erasure.on_request(shops.settings(NEW), url, "app_a:person-1", "erase")
    assert shops.rows(kept) == [("b", "dev-1", "dev-1", second["b"])]
    assert shops.raw("select contact_id, device_id_hash from raw.contacts") == [("app_b:person-1", second["b"])]
    # The line that was set aside has the id as the source spells it.
    quarantined = "select source from quarantine.rows inner join meta.load_files using (load_id)"
    assert shops.rows(quarantined) == [("app_b",)]
    # What was erased and comes again is erased again, whatever the key was.
    third = "z" * 64
    assert key_rotation.rotate(url, shops.settings(NEW), third) == 1
    shops.file(SECOND, "app_a/contacts.csv", "contact_id,gender,device_id,nickname,updated_at\n"
               "2,u,dev-1,Cid,2026-03-03 08:00:00\n3,u,dev-2,Dan,2026-03-03 08:00:00\n")  # fmt: skip
    shops.run(SECOND, third)
    gone = shops.rows("select hash from meta.erased_identifiers where kind = 'device_id'")
    assert (keys.hashed(third, "device_id", keys.within("a", "dev-1")),) in gone
