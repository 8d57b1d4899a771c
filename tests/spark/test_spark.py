"""One business built by duckdb and by Spark on a cluster of two workers: every mart is the same.

It is the business of the oracle, with its cases by hand, in a zone whose clocks change.
"""

from collections import Counter
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from oracle import driver
from oracle.businesses import deliver
from oracle.exports import Row
from spark_cluster import LOOPBACK, cluster
from userops.engines import warehouse_copy
from userops.warehouse.connection import connect

pytestmark = [pytest.mark.spark, pytest.mark.timeout(3600)]
TIMEZONE, DATES, SEED = "America/New_York", [date(2025, 3, 9), date(2025, 4, 30), date(2025, 5, 30)], 1
# Of figures that are fitted or geometric, which are doubles; all others are the same to the last digit.
NEAR = 1e-6
Tables = dict[str, list[Row]]
# A few thousand rows: what pays for millions would take longer than the rest.
SMALL = """
spark.sql.shuffle.partitions 2
spark.sql.adaptive.enabled false
spark.sql.codegen.wholeStage false
spark.sql.codegen.factoryMode NO_CODEGEN
"""


@pytest.fixture(scope="module")
def built(warehouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tables]:
    """What duckdb built, and what Spark built and delivered into the warehouse."""
    place, day = tmp_path_factory.mktemp("business"), DATES[-1]
    deliver(place / "landing", ZoneInfo(TIMEZONE), DATES, SEED)
    duckdb = driver.settings_of(warehouse_url, place, "duckdb", TIMEZONE)
    driver.load(duckdb, day)
    tables = {"duckdb": driver.build(duckdb, day)}
    spark = driver.settings_of(warehouse_url, place, "spark", TIMEZONE)
    with cluster(tmp_path_factory.mktemp("cluster")) as master, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", LOOPBACK)
        patch.setenv("SPARK_CONF_DIR", str(place))
        (place / "spark-defaults.conf").write_text(SMALL)
        driver.build(spark.model_copy(update={"spark_master": master}), day)
    with connect(warehouse_url, "transformer") as connection:
        delivered = {
            name: warehouse_copy.read(warehouse_url, connection, f"build.{name}").read_all().to_pylist()
            for name in driver.MARTS
        }
    return tables | {"spark": delivered}


@pytest.mark.parametrize("mart", driver.MARTS)
def test_spark_builds_the_same_mart(built: dict[str, Tables], mart: str) -> None:
    expected, found = built["duckdb"][mart], built["spark"][mart]
    assert expected, "the business has rows of every mart"
    assert set(found[0]) == set(expected[0])
    columns = list(expected[0])
    assert exact_rows(found, columns) == exact_rows(expected, columns)
    pairs = zip(in_order(found, columns), in_order(expected, columns), strict=True)
    far = [(ours, theirs) for ours, theirs in pairs if doubles(ours) != pytest.approx(doubles(theirs), rel=NEAR)]
    assert not far


def exact_rows(rows: list[Row], columns: list[str]) -> Counter:
    """How often each row comes, its doubles aside."""
    return Counter(tuple(exact(row[column]) for column in columns) for row in rows)


def exact(value: object) -> object:
    """Numbers compare by value, whatever their type."""
    if isinstance(value, float):
        return float
    return Decimal(value).normalize() if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def in_order(rows: list[Row], columns: list[str]) -> list[Row]:
    """By what is exact, then by the doubles."""
    return sorted(rows, key=lambda row: (repr([exact(row[column]) for column in columns]), doubles(row)))


def doubles(row: Row) -> list[float]:
    return [value for _, value in sorted(row.items()) if isinstance(value, float)]
