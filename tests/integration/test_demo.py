"""`userops demo` on the embedded server: the known figures of the real data set come out of the marts."""

from decimal import Decimal

import psycopg
import pytest

from deployment import clean_environment, userops
from userops.cli.demo import PERSON

pytestmark = pytest.mark.slow

# Counted from the source file by data/README.md's rules; see also Chen, Sain & Guo (2012).
NEXT_MONTH = {
    "2010-12": (885, 324),
    "2011-01": (417, 92),
    "2011-02": (380, 71),
    "2011-03": (452, 68),
    "2011-04": (300, 64),
    "2011-05": (284, 54),
    "2011-06": (242, 42),
    "2011-07": (188, 34),
    "2011-08": (169, 35),
    "2011-09": (299, 70),
    "2011-10": (358, 86),
}
ACTIVE = [885, 741, 758, 974, 856, 1056, 991, 949, 935, 1266, 1364, 1664]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    home = tmp_path_factory.mktemp("demo")
    environment = clean_environment(USEROPS_HOME=str(home))
    code, printed = userops(["demo"], environment, seconds=900)
    log = home / "airflow" / "run.log"
    assert code == 0, printed + (log.read_text()[-4000:] if log.exists() else "")
    code, url = userops(["db", "url"], environment)
    assert code == 0, url
    yield {"home": home, "url": url.strip(), "printed": printed, "environment": environment}
    code, stopped = userops(["db", "stop"], environment)
    assert code == 0, stopped


def ask(demo, query):
    with psycopg.connect(demo["url"]) as connection:
        connection.execute("set role bi_reader")
        return connection.execute(query).fetchall()


def test_buyers_orders_and_gmv(demo):
    row = ask(demo, "select count(*), sum(orders), sum(net) from marts.users where orders > 0")[0]
    assert row == (4338, 18532, Decimal("8911407.90"))


def test_share_of_repeat_buyers(demo):
    row = ask(
        demo, "select round(100.0 * count(*) filter (where orders > 1) / count(*), 4) from marts.users where orders > 0"
    )[0]
    assert row == (Decimal("65.5832"),)


def test_next_month_repurchase_by_cohort(demo):
    rows = ask(
        demo,
        "select to_char(cohort_month, 'YYYY-MM'), cohort_size, buyers from marts.cohort_retention"
        " where acquired_channel_code = 'all' and month_number = 1 and is_mature order by 1",
    )
    assert {month: (size, buyers) for month, size, buyers in rows} == NEXT_MONTH


def test_active_buyers_by_month(demo):
    rows = ask(
        demo,
        "select (cohort_month + month_number * interval '1 month')::date as month, sum(buyers)"
        " from marts.cohort_retention where acquired_channel_code = 'all' and is_mature"
        " group by 1 order by 1",
    )
    assert [int(buyers) for _, buyers in rows] == ACTIVE


def test_the_broken_file_was_blocked_and_told(demo):
    assert "blocked" in demo["printed"]
    alert = (demo["home"] / "alerts.log").read_text()
    assert "online_retail" in alert
    assert "2011-12-09" in alert
    assert ask(demo, "select business_date::text from marts.publication where is_current") == [("2011-12-09",)]


def test_the_site_says_what_is_simulated(demo):
    pages = {p.name: p.read_text() for p in (demo["home"] / "site").resolve().glob("*.html")}
    assert len(pages) >= 4
    assert all('class="notice demo"' in text for name, text in pages.items() if name != "dictionary.html")
    assert all("simulated" in pages[f"{name}.html"] for name in ("channels", "lifecycle", "users", "tags"))
    assert all("https://cdn" not in text for text in pages.values())


def test_the_commands_that_the_demo_names_work_after_it(demo):
    """Last of the file, as it publishes again: all of them read what the demo is about from its home."""

    def run(*arguments):
        code, printed = userops(list(arguments), demo["environment"], seconds=600)
        assert code == 0, printed
        return printed

    assert "blocked  readers see version" in run("status")
    assert "of 2011-12-08" in run("rollback")
    assert "2011-12-09 published" in run("run", "--date", "2011-12-09")
    assert "2011-12-09 published" in run("erase", PERSON, "--now")
    assert ask(demo, "select business_date::text from marts.publication where is_current") == [("2011-12-09",)]
    with psycopg.connect(demo["url"]) as connection:
        parameters = connection.execute("select timezone, currency from meta.run_parameters").fetchall()
    assert parameters == [("Europe/London", "GBP")]
