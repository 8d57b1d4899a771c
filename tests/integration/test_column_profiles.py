"""The profile of a load is kept with it, names nobody, and is replaced with it; accepted levels are written down."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from test_ingest import DAY, Place, order, orders

from userops.errors import UseropsError
from userops.gate import acceptance
from userops.ingest import column_profile
from userops.settings import PROJECT_ROOT, Settings
from userops.warehouse.connection import connect


@pytest.fixture
def place(warehouse_url: str, tmp_path: Path) -> Iterator[Place]:
    settings = Settings.load({
        "USEROPS_LANDING": str(tmp_path / "landing"), "USEROPS_HOME": str(tmp_path / "home"), "USEROPS_HASH_KEY": "key",
    })  # fmt: skip
    with psycopg.connect(warehouse_url) as admin:
        admin.execute("truncate meta.load_files, meta.column_profiles, vault.identifiers, vault.personal_texts")
    with connect(warehouse_url, "loader") as connection:
        yield Place(settings, connection, warehouse_url)


def figures(place: Place, column: str, figure: str) -> dict[str, float]:
    """The parts of a figure of the loads that hold."""
    return dict(
        place.rows(
            "select part, amount from meta.column_profiles join meta.load_files using (load_id)"
            f" where state = 'loaded' and column_name = '{column}' and figure = '{figure}'"
        )
    )


def test_a_profile_counts_what_the_rows_hold(place: Place) -> None:
    lines = orders(20)
    lines[1] = order(0, phone="", status="created", paid_at="", paid_amount="500.00")
    place.write("orders.csv", lines)
    place.load()
    assert figures(place, "(rows)", "rows") == {"": 20}
    assert figures(place, "status", "value") == {"paid": 19, "created": 1}
    assert figures(place, "phone", "empty") == {"": 1}
    assert figures(place, "phone", "shape") == {"9": 19}
    assert figures(place, "phone", "length") == {"11": 19}
    assert figures(place, "paid_at", "hour") == {"10": 19}
    assert figures(place, "placed_at", "age") == {"0": 20}
    assert figures(place, "paid_amount", "largest") == {"": 500}
    assert figures(place, "paid_amount", "median") == {"": 10}
    assert figures(place, "order_id", "shape") == {"a9-9-9-9": 20}
    texts = place.rows("select string_agg(part, ' ') from meta.column_profiles")[0][0]
    assert "138" not in texts, "no phone, and no id of a person"


def test_what_changed_of_known_keys_is_counted(place: Place) -> None:
    before, tomorrow = orders(20), DAY + timedelta(days=1)
    place.write("orders.csv", before)
    place.load()
    again = [row.replace(f"{DAY}T10:00:00+08:00", f"{tomorrow}T10:00:00+08:00") for row in before]
    again = [again[0], *(order(n, updated_at=f"{tomorrow}T10:00:00+08:00") for n in range(20))]
    again[1] = order(0, phone="13900000000", updated_at=f"{tomorrow}T10:00:00+08:00")
    place.write("orders.csv", again, day=tomorrow)
    place.load(day=tomorrow)
    assert figures(place, "(rows)", "known") == {"": 20}
    assert figures(place, "phone", "changed") == {"": 1}
    assert figures(place, "status", "changed") == {"": 0}


def test_a_profile_goes_with_its_load(place: Place) -> None:
    for count in (20, 10):
        place.write("orders.csv", orders(count))
        place.load()
    assert place.rows("select amount from meta.column_profiles where figure = 'rows'") == [(10,)]


def test_profiles_are_kept_as_long_as_loads_are_compared_with_them_twice_over(place: Place) -> None:
    old, kept = DAY - column_profile.KEPT, DAY - column_profile.KEPT + timedelta(days=1)
    of_days = "select distinct business_date from meta.column_profiles join meta.load_files using (load_id) order by 1"
    for day, days in ((old, [old]), (kept, [old, kept]), (DAY, [kept, DAY])):
        place.write("orders.csv", orders(20, day), day=day)
        place.load(day=day)
        assert place.rows(of_days) == [(day,) for day in days]
    limits = (PROJECT_ROOT / "dbt_project/macros/quality/profiles.sql").read_text()
    assert column_profile.KEPT.days == 2 * int(re.search(r"'history_days': (\d+)", limits)[1])
    # A first run that stores years of files makes no profiles that the next one would delete.
    assert [column_profile.is_kept(day, DAY) for day in (old, kept)] == [False, True]


def test_a_true_change_is_accepted_from_its_first_unpublished_date(place: Place) -> None:
    with psycopg.connect(place.url, autocommit=True) as admin:
        for day, subject in ((DAY, "orders"), (DAY + timedelta(days=1), "orders")):
            admin.execute(
                "insert into meta.quality_results (run_id, business_date, check_name, layer, subject, severity, passed,"
                " observed, expected, detail) values ('r', %s, 'columns_changed', 'expectations', %s, 'critical',"
                " false, 'orders.status: 94%% of 200 rows', 'x', '')", [day, subject]
            )
    with connect(place.url, "publisher") as connection:
        given = (connection, place.settings, "columns_changed")
        assert acceptance.accept(*given, "orders.status", "Ada", "new shop") == DAY
        assert acceptance.accept(*given, "orders", "Ada", "new shop", date(2026, 3, 3)) == date(2026, 3, 3)
        with pytest.raises(UseropsError, match="has not failed on 'orders.city'"):
            acceptance.accept(*given, "orders.city", "Ada", "x")
        with pytest.raises(UseropsError, match="compares with no level"):
            acceptance.accept(connection, place.settings, "exports_late", "orders", "Ada", "x")
        kept = connection.execute(
            "select subject, since, accepted_by from meta.accepted_levels order by 1 desc"
        ).fetchall()
    assert kept == [("orders.status", DAY, "Ada"), ("orders", date(2026, 3, 3), "Ada")]
