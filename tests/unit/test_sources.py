"""Sources: sources.yml, whose a file is, what is required of whom; no server is needed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from source_place import DAY, SHOP, TWO, Place, project

from userops.errors import UseropsError
from userops.ingest.delivery import check_delivery
from userops.lake.session import Session, open_session
from userops.platforms.sources_file import load_sources
from userops.settings import PROJECT_ROOT, Settings


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with open_session("1GiB", 2) as opened:
        opened.database.execute("set timezone = 'UTC'")
        yield opened


@pytest.fixture
def place(tmp_path: Path, session: Session) -> Place:
    return project(tmp_path, session)


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


def test_the_projects_own_platforms_are_sources_by_their_names() -> None:
    names = sorted(path.stem for path in (PROJECT_ROOT / "platforms").glob("*.yml"))
    settings = Settings.load({"USEROPS_SOURCES": ",".join(names)})
    assert load_sources(settings).names == names
