"""What a source says of the rows of its files: ids, times, amounts, when they count; no server is needed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from source_place import ADS, HEADER, SHOP, TIME, TWO, Place, project

from userops.contracts.model import load_contracts
from userops.errors import UseropsError
from userops.ingest import reading
from userops.ingest.outcome import Refused
from userops.ingest.source_rules import own_rows
from userops.lake.session import Session, open_session
from userops.platforms.sources_file import load_sources
from userops.privacy import keys
from userops.settings import Settings


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with open_session("1GiB", 2) as opened:
        opened.database.execute("set timezone = 'UTC'")
        yield opened


@pytest.fixture
def place(tmp_path: Path, session: Session) -> Place:
    return project(tmp_path, session)


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
