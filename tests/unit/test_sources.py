"""Sources: sources.yml, whose a file is, and what a source says of the rows of its files; no server is needed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from userops.contracts.model import load_contracts
from userops.errors import UseropsError
from userops.ingest import judging, landing, reading
from userops.ingest.clock import Clock
from userops.ingest.delivery import check_delivery
from userops.ingest.mapping import Context
from userops.ingest.outcome import Refused
from userops.ingest.reading import File, Reading
from userops.ingest.source_rules import own_rows
from userops.lake.session import Session, open_session
from userops.platforms.sources_file import load_sources
from userops.privacy import keys
from userops.settings import PROJECT_ROOT, Settings

DAY = date(2026, 3, 2)
SHOP = """files: [shop*.csv]
required: [orders]
values: {channel: shop}
header: {Id: id, Time: time, Money: money, Way: way, Sent: sent, Stuff: stuff, Phone: phone, Device: device}
optional: [way, sent, stuff, phone, device]
exports:
  orders:
    row_per_line: true
    select: |
      select
          _row, id as order_id, 'created' as status, time as placed_at, phone, device as device_id,
          null as paid_at, money as gross_amount, '0' as discount_amount, '0' as shipping_amount, '0' as paid_amount,
          'web' as sales_channel, :channel as channel_code, way as payment_method,
          sent as _fulfilled_at, money as _total, time as updated_at
      from staged
  order_lines:
    row_per_line: true
    select: |
      select _row, id as order_id, '1' as line_no, stuff as sku, '1' as quantity, money as unit_price,
          money as line_amount, time as updated_at
      from staged
"""
ADS = """files: [ads*.csv]
required: []
values: {channel: ads}
skip_lines: auto
header: {Day: day, Campaign: campaign, Keyword: keyword, Clicks: clicks, Impr.: impressions, Cost: cost, Cur: currency}
optional: [keyword, currency]
exports:
  ad_stats:
    row_per_line: true
    add: [impressions, clicks, cost]
    set_aside: [{when: "day like 'Total%'", reason: a total}]
    select: |
      select _row, day as stat_date, :channel as channel_code, campaign as campaign_id, keyword, impressions, clicks,
          cost, coalesce(currency, :currency) as currency, day || ' 00:00:00' as updated_at
      from staged
"""
HEADER = "Id,Time,Money,Way,Sent,Stuff,Phone,Device\n"
TIME = "2026-03-02 10:00:00"


@dataclass
class Place:
    """A project with platforms of its own, and its landing place."""

    root: Path
    session: Session

    def settings(self, sources: str = "", **more: str) -> Settings:
        return Settings.load({
            "USEROPS_PROJECT": str(self.root), "USEROPS_HOME": str(self.root / "home"), "USEROPS_SOURCES": sources,
            "USEROPS_LANDING": str(self.root / "landing"),
        } | more)  # fmt: skip

    def say(self, text: str) -> Settings:
        (self.root / "sources.yml").write_text(text, encoding="utf-8")
        return self.settings()

    def file(self, name: str, text: str = "") -> Path:
        path = self.root / "landing" / DAY.isoformat() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def folder(self, settings: Settings) -> landing.Folder:
        return landing.list_folder(settings, DAY)

    def read(self, settings: Settings, export: str) -> Reading:
        """The one file of an export, read with its source's clock and currency."""
        (delivered,) = self.folder(settings).of(export)
        said = delivered.source.said if delivered.source else None
        zone, currency = (said and said.timezone) or settings.timezone, (said and said.currency) or settings.currency
        context = Context(DAY, Clock(zone), currency, lambda: "key", lambda *_: None, settings.timezone)
        path = Path(delivered.path)
        file = File(load_contracts()[export], delivered, path, "", path.stat().st_size, "", DAY)
        return reading.read(self.session, context, file)

    def rows(self, settings: Settings, export: str, columns: str) -> list[tuple]:
        row = self.read(settings, export).judged.row
        found = self.session.database.execute(f"select {columns} from {judging.TABLE} where _good order by {row}")
        return found.fetchall()


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with open_session("1GiB", 2) as opened:
        opened.database.execute("set timezone = 'UTC'")
        yield opened


@pytest.fixture
def place(tmp_path: Path, session: Session) -> Place:
    (tmp_path / "platforms").mkdir()
    for name, text in {"shop": SHOP, "ads": ADS}.items():
        (tmp_path / "platforms" / f"{name}.yml").write_text(text, encoding="utf-8")
    return Place(tmp_path, session)


def test_sources_are_named_in_the_environment_or_listed(place: Place) -> None:
    assert load_sources(place.settings()).names == []
    assert load_sources(place.settings("canonical, shop, ads,shop")).names == ["shop", "ads"]
    listed = place.say("sources:\n  - {name: shop_b, platform: shop}\n  - {name: ads}\n")
    assert load_sources(listed).names == ["shop_b", "ads"]
    some = load_sources(place.settings("shop_b,shop"))
    assert [(source.name, source.platform.name) for source in some.all] == [("shop_b", "shop"), ("shop", "shop")]


def test_a_source_nobody_knows_names_those_that_are_known(place: Place) -> None:
    place.say("sources:\n  - {name: shop_b, platform: shop}\n")
    with pytest.raises(UseropsError, match="no source 'shpo'.*names of canonical, shop_b, ads, shop .USEROPS_SOURCES"):
        load_sources(place.settings("shpo"))


@pytest.mark.parametrize(
    ("entries", "said", "fix"),
    [
        ("{name: Shop}", "name 'Shop'", "small letters"),
        ("{name: canonical}", "canonical", "canonical is taken"),
        ("{name: no, platform: shpo}", "there is no platform 'shpo'", "one of canonical, ads, shop"),
        ("{name: a, platform: shop}\n  - {name: a, platform: ads}", "two sources are called a", "another name"),
        ("{name: shop, timezone: Mars/Base}", "no time zone 'Mars/Base'", "IANA"),
        ("{name: shop, currency: Euro}", "currency", ""),
        ("{name: shop, currency: 978}", "is read as a number", "put it in quotes"),
        ("{name: shop, encoding: klingon}", "no encoding 'klingon'", "gb18030"),
        ("{name: shop, counts_when: shipped}", "counts_when is neither paid nor delivered", "write paid"),
        ("{name: shop, counts_when: {COD: shipped}}", "counts_when is neither paid nor delivered", "write paid"),
        ("{name: shop, required: [sales]}", "'sales' is no export", "contracts/"),
        ("{name: shop, values: {chanel: x}}", "knows no value 'chanel'", "use one of channel"),
        ("{name: shop, skus: mine}", "skus is 'mine'", "'shared'"),
        ("{name: shop, colour: red}", "unknown entry 'colour'", "use one of: name, platform, files"),
    ],
)
def test_what_is_wrong_in_sources_yml_is_named_with_its_line_and_mend(
    place: Place, entries: str, said: str, fix: str
) -> None:
    settings = place.say(f"sources:\n  - {entries}\n")
    with pytest.raises(UseropsError) as caught:
        load_sources(settings)
    assert caught.value.what.startswith("sources.yml:")
    assert said in caught.value.what
    assert fix in caught.value.fix


TWO = "sources:\n  - {name: shop}\n  - {name: shop_b, platform: shop, files: [b_orders*.csv]}\n  - {name: ads}\n"


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("shop_1.csv", "shop"), ("SHOP1.CSV", "shop"), ("shop.csv.gz", "shop"), ("b_orders_1.csv", "shop_b"),
        ("shop_b_orders.csv", "shop_b"), ("shop_b_b_orders.csv", "shop_b"), ("ads.csv", "ads"), ("ads_ads.csv", "ads"),
        ("shop_b_reviews.csv", "shop_b"), ("shop_b_of_may.csv", "shop_b"), ("nobody.csv", None), ("ads.json", None),
    ],
)  # fmt: skip
def test_whose_a_file_is_by_its_name(place: Place, name: str, whose: str | None) -> None:
    found = load_sources(place.say(TWO)).of_file(name)
    assert (found.name if found else None) == whose


def test_a_file_of_two_sources_is_an_error_that_says_how_to_tell_them_apart(place: Place) -> None:
    place.file("shop_1.csv")
    settings = place.say("sources:\n  - {name: north, platform: shop}\n  - {name: south, platform: shop}\n")
    with pytest.raises(UseropsError, match="shop_1.csv fits 2 sources: north, south.*north/shop_1.csv.*north_shop_1"):
        place.folder(settings)
    for name in ("north_shop_1.csv", "south/shop_1.csv"):
        place.file(name)
    (place.root / "landing" / DAY.isoformat() / "shop_1.csv").unlink()
    found = {file.label for file in place.folder(settings).delivered}
    assert found == {"north/north_shop_1.csv", "south/shop_1.csv"}


def test_files_of_one_name_in_the_folders_of_two_sources(place: Place) -> None:
    settings = place.say(TWO)
    for name in (
        "shop/shop_1.csv", "shop_b/shop_1.csv", "shop_b/reviews.csv", "shop_b/monday.csv",
        "canonical/stores.csv", "staff.csv", "shop/strange.txt", "elsewhere/shop_1.csv",
    ):  # fmt: skip
        place.file(name)
    folder = place.folder(settings)
    assert {file.key for file in folder.delivered} == {
        ("shop", "orders", "shop_1.csv"), ("shop", "order_lines", "shop_1.csv"),
        ("shop_b", "orders", "shop_1.csv"), ("shop_b", "order_lines", "shop_1.csv"),
        ("shop_b", "reviews", "reviews.csv"), ("canonical", "stores", "stores.csv"),
        ("canonical", "staff", "staff.csv"),
        ("shop_b", "orders", "monday.csv"), ("shop_b", "order_lines", "monday.csv"),
    }  # fmt: skip
    assert folder.unknown == ("elsewhere", "shop/strange.txt")


SEVERAL = "layouts:\n" + "".join(
    "  - " + SHOP.split("values:")[0].split("required")[0].replace("shop*.csv", f"export_{kind}*.csv").rstrip()
    + f"\n    header: {{{kind}: a, Time: b, Note: c}}\n    optional: [c]\n    exports:\n      orders:\n"
    "        row_per_line: true\n        select: select _row, a as order_id from staged\n"
    for kind in ("Sales", "Returns")
)


@pytest.mark.parametrize(
    ("name", "text", "layout"),
    [
        ("many/monday.csv", "Title\nSales,Time\n", "many/1"), ("many/monday.csv", "Returns,Time,Note\n", "many/2"),
        ("many_returns.csv", "", "many/2"), ("many/monday.csv", "Other,Time\n", None), ("many/monday.csv", "", None),
        ("export_sales_1.csv", "Returns,Time\n", "many/1"), ("own_1.csv", "Returns,Time\n", "many/2"),
    ],
)  # fmt: skip
def test_the_columns_tell_which_layout_a_file_of_a_source_has(
    place: Place, name: str, text: str, layout: str | None
) -> None:
    (place.root / "platforms" / "many.yml").write_text(SEVERAL, encoding="utf-8")
    place.file(name, text)
    settings = place.say(f"sources:\n  - {{name: many{', files: [own*.csv]' if 'own' in name else ''}}}\n")
    folder = place.folder(settings)
    assert [file.layout.label for file in folder.delivered] == [layout] * bool(layout)
    assert folder.unknown == (() if layout else (name,))


def test_one_file_in_two_places_is_an_error(place: Place) -> None:
    for name in ("shop_1.csv", "shop/shop_1.csv"):
        place.file(name)
    with pytest.raises(UseropsError, match="shop_1.csv and shop/shop_1.csv are one file of shop, delivered twice"):
        place.folder(place.settings("shop"))


def test_a_link_that_leads_out_of_the_folder_is_not_followed(place: Place) -> None:
    (place.root / "outside").mkdir()
    (place.root / "outside" / "shop_1.csv").write_text("")
    place.file("staff.csv")
    (place.root / "landing" / DAY.isoformat() / "shop").symlink_to(place.root / "outside")
    folder = place.folder(place.settings("shop"))
    assert [file.name for file in folder.delivered] == ["staff.csv"]
    assert folder.unknown == ("shop",)


def test_a_source_brings_the_exports_that_are_taken_of_it(place: Place) -> None:
    settings = place.say("sources:\n  - {name: shop, exports: [orders]}\n")
    place.file("shop_1.csv")
    assert [file.export for file in place.folder(settings).delivered] == ["orders"]


def lacks(place: Place, settings: Settings, before: frozenset[str] = frozenset()) -> list[tuple]:
    results = check_delivery(place.folder(settings), settings, DAY, before=before)
    return [(result.subject, result.observed, result.severity) for result in results
            if result.check == "export_present" and not result.passed]  # fmt: skip


def test_what_is_required_is_asked_of_each_source_that_delivered_before(place: Place) -> None:
    settings = place.say("sources:\n  - {name: shop}\n  - {name: shop_b, platform: shop}\n  - {name: ads}\n")
    place.file("staff.csv")
    assert lacks(place, settings) == [("orders", "no file", "critical")]
    place.file("shop/shop_1.csv")
    assert lacks(place, settings) == [("orders", "no file of shop_b", "warning")]
    assert lacks(place, settings, frozenset({"shop_b"})) == [("orders", "no file of shop_b", "critical")]
    place.file("shop_b/shop_1.csv")
    assert lacks(place, settings, frozenset({"shop_b"})) == []


def test_ids_get_the_name_of_their_source_before_them(place: Place) -> None:
    place.file("shop_1.csv", f"{HEADER}#1,{TIME},5.00,,,CUP,,\n")
    shared = place.settings("shop")
    assert place.rows(shared, "orders", "order_id, channel_code, store_id") == [("shop:#1", "shop", None)]
    assert place.rows(shared, "order_lines", "order_id, sku") == [("shop:#1", "CUP")]
    own = place.say("sources:\n  - {name: north, platform: shop, skus: own, channel_code: n}\n")
    assert place.rows(own, "orders", "order_id, channel_code") == [("north:#1", "n")]
    assert place.rows(own, "order_lines", "order_id, sku") == [("north:#1", "north:CUP")]


def test_an_empty_key_stays_empty_and_is_a_bad_row(place: Place) -> None:
    place.file("shop_1.csv", f"{HEADER},{TIME},5.00,,,CUP,,\n")
    assert place.read(place.settings("shop"), "orders").judged.bad == [(1, "order_id is empty")]


@pytest.mark.parametrize("folder", ["", "shop_b/"])
def test_a_file_of_the_contracts_shape_gets_it_where_it_is_a_sources(place: Place, folder: str) -> None:
    place.file(f"{folder}reviews.csv", "review_id,order_id,sku,contact_id,rating,created_at,updated_at\n"
               f"r1,shop:#1,CUP,,5,{TIME},{TIME}\n")  # fmt: skip
    start = "shop_b:" if folder else ""
    assert place.rows(place.say(TWO), "reviews", "review_id, order_id, sku, contact_id") == [
        (f"{start}r1", f"{start}shop:#1", "CUP", None)
    ]


def test_times_without_offset_are_of_the_sources_zone_and_days_of_the_business(place: Place) -> None:
    place.file("shop_1.csv", f"{HEADER}#1,2026-03-02 20:00:00,5.00,,,CUP,,\n#2,2026-03-03 01:00:00,5.00,,,CUP,,\n")
    text = "sources:\n  - {{name: shop, timezone: {}}}\n"
    assert place.rows(place.say(text.format("America/New_York")), "orders", "order_id") == []
    found = place.rows(place.say(text.format("Pacific/Auckland")), "orders", "order_id, placed_at::text")
    assert found == [("shop:#1", "2026-03-02 07:00:00+00"), ("shop:#2", "2026-03-02 12:00:00+00")]


def test_the_day_of_a_report_may_be_the_day_that_has_begun_there(place: Place) -> None:
    place.file("ads.csv", "Day,Campaign,Clicks,Impr.,Cost\n2026-03-03,1,1,2,3\n")
    text = "sources:\n  - {{name: ads, timezone: {}}}\n"
    # The business's day (Shanghai) ends at five in the morning of the third in Auckland, at eleven of the second in
    # New York.
    assert len(place.rows(place.say(text.format("Pacific/Auckland")), "ad_stats", "1")) == 1
    assert len(place.rows(place.say(text.format("America/New_York")), "ad_stats", "1")) == 0


def test_currency_encoding_and_delimiter_of_a_source(place: Place) -> None:
    path = place.file("ads.csv")
    path.write_bytes("Day;Campaign;Keyword;Clicks;Impr.;Cost\n2026-03-02;1;茶;1;2;3\n".encode("gb18030"))
    settings = place.say("sources:\n  - {name: ads, currency: EUR, encoding: gb18030, delimiter: ;}\n")
    assert place.rows(settings, "ad_stats", "keyword, currency") == [("茶", "EUR")]


METHOD = "Cash on Delivery (COD)"
COD = (
    f"{HEADER}#1,{TIME},5.00,{METHOD},2026-03-02 12:00:00,,,\n#2,{TIME},6.00,{METHOD},,,,\n"
    f"#3,{TIME},7.00,Card,2026-03-02 12:00:00,,,\n"
)
UNPAID = ("created", None, "0.00")


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("paid", [UNPAID, UNPAID, UNPAID]),
        ("delivered", [("shipped", "12:00", "5.00"), UNPAID, ("shipped", "12:00", "7.00")]),
        ("{cash on delivery (cod): delivered}", [("shipped", "12:00", "5.00"), UNPAID, UNPAID]),
    ],
)
def test_orders_that_count_when_delivered_are_paid_then(place: Place, rule: str, found: list[tuple]) -> None:
    place.file("shop_1.csv", COD)
    settings = place.say(f"sources:\n  - {{name: shop, timezone: UTC, counts_when: {rule}}}\n")
    columns = "status, strftime(paid_at, '%H:%M'), paid_amount::text"
    assert place.rows(settings, "orders", columns) == found


def test_counts_when_needs_a_platform_that_says_when_orders_were_delivered(place: Place) -> None:
    (place.root / "platforms" / "plain.yml").write_text(SHOP.replace("sent as _fulfilled_at, ", ""))
    place.file("plain_shop.csv", COD)
    settings = place.say("sources:\n  - {name: plain, counts_when: delivered}\n")
    with pytest.raises(UseropsError, match="Source plain counts orders when they are delivered.*no _fulfilled_at"):
        place.read(settings, "orders")


KEYWORDS = """Search keyword report
"March 2, 2026 - March 2, 2026"
Day,Campaign,Keyword,Clicks,Impr.,Cost
2026-03-02,111,blue cup,10,1000,20.00
2026-03-02,111,blue cup,5,500,8.00
2026-03-02,111,blue cup,2,100,3.00
2026-03-02,111,red cup,1,--,1.00
2026-03-02,111,red cup,1,10,1.00
Total,,,19,1610,33.00
"""


def test_rows_of_one_key_are_added_and_the_header_is_found(place: Place) -> None:
    place.file("ads.csv", KEYWORDS)
    read = place.read(place.settings("ads"), "ad_stats")
    found = place.session.database.execute(
        "select keyword, clicks, impressions, cost::text from judged where _good order by 1").fetchall()
    assert found == [("blue cup", 17, 1600, "31.00"), ("red cup", 1, 10, "1.00")]
    assert read.set_aside == [(4, "impressions is not a valid bigint"), (6, "a total")]
    # The rows that the mapping makes: two keys, the row that is no number, the total.
    assert (read.staged.rows, read.staged.source_rows) == (4, 6)


def test_rows_of_two_currencies_are_not_added(place: Place) -> None:
    place.file("ads.csv", "Day,Campaign,Clicks,Impr.,Cost,Cur\n2026-03-02,1,1,2,3,USD\n2026-03-02,1,1,2,3,EUR\n")
    assert place.read(place.settings("ads"), "ad_stats").judged.conflicts == 1


def test_without_a_header_among_the_first_lines_the_first_is_told(place: Place) -> None:
    place.file("ads.csv", "Day,Campaign\n" + "2026-03-02,1\n" * 12)
    with pytest.raises(Refused, match="no column Clicks"):
        place.read(place.settings("ads"), "ad_stats")


@pytest.mark.parametrize(
    ("cost", "stored"),
    [
        ("(number(cost) * 0.000001)::text", "0.10"), ("number(cost) * 0.000001", "0.10"), ("0.125", "0.13"),
        ("number(cost) / 800000", "0.13"), ("cost", "100000.00"), ("'0.125'", "0.13"),
    ],
)
def test_decimals_that_a_mapping_computes_are_rounded_half_up(place: Place, cost: str, stored: str) -> None:
    (place.root / "platforms" / "ads.yml").write_text(ADS.replace("\n          cost, ", f"\n          {cost} as cost, ")
                                                      .replace("add: [impressions, clicks, cost]", "add: []"))
    place.file("ads.csv", "Day,Campaign,Clicks,Impr.,Cost\n2026-03-02,1,1,2,100000\n")
    assert place.rows(place.settings("ads"), "ad_stats", "cost::text") == [(stored,)]


def hashes(place: Place, text: str) -> dict[str, tuple[str, str, str]]:
    place.file("shop_1.csv", f"{HEADER}#1,{TIME},5.00,,,,(212) 555-2368,dev-1\n")
    read = place.read(place.say(text), "orders")
    reading.hash_identifiers(place.session, read.file, "key", "CN")
    rows = place.session.database.execute("select kind, value, hash, namespace from identifiers").fetchall()
    return {kind: (value, hashed, namespace) for kind, value, hashed, namespace in rows}


def test_a_namespace_is_hashed_with_devices_alone_and_not_in_their_value(place: Place) -> None:
    found = hashes(place, "sources:\n  - {name: shop, namespace: eu, default_country: US}\n")
    assert found["device_id"] == ("dev-1", keys.hashed("key", "device_id", keys.within("eu", "dev-1")), "eu")
    assert found["phone"] == ("+12125552368", keys.hashed("key", "phone", "+12125552368"), "")
    plain = hashes(place, "sources:\n  - {name: shop, default_country: US}\n")
    assert plain["device_id"] == ("dev-1", keys.hashed("key", "device_id", "dev-1"), "")
    assert plain["phone"] == found["phone"]


def test_the_projects_own_platforms_are_sources_by_their_names() -> None:
    names = sorted(path.stem for path in (PROJECT_ROOT / "platforms").glob("*.yml"))
    settings = Settings.load({"USEROPS_SOURCES": ",".join(names)})
    assert load_sources(settings).names == names


def test_what_a_source_may_see_of_earlier_rows_has_ids_as_its_files_have_them(session: Session) -> None:
    database, contract = session.database, load_contracts()["reviews"]
    database.execute("create schema if not exists raw")
    database.execute(
        "create or replace table raw.reviews_of_all as select * from (values"
        " ('shopify:1', 'shopify:#1', 'CUP', null, 'shopify'), ('b:1', 'b:#1', 'CUP', 'b:c', 'b'))"
        " as rows (review_id, order_id, sku, contact_id, _source)"
    )
    source = load_sources(Settings.load({"USEROPS_SOURCES": "shopify"})).all[0]
    assert database.execute(own_rows(source, contract)).fetchall() == [("1", "#1", "CUP", None, "shopify")]
