"""A mart that breaks its readers needs a higher version: the contracts against the committed baseline."""

from dataclasses import replace

import pytest

from userops.errors import UseropsError
from userops.publish import baseline
from userops.publish.baseline import Change, Project, Promise, compare, complaints, read_baseline, read_project, render

SALES = Promise(("day",), {"day": "date", "net": "decimal(18, 2)"})
FILES = {"sales": "dbt_project/models/marts/channel/_channel__models.yml"}
BREAKING = {
    "a column is gone": ({"columns": {"day": "date"}}, "column `net` (decimal(18, 2)) is gone"),
    "a column has another name": (
        {"columns": {"day": "date", "net_amount": "decimal(18, 2)"}}, "column `net` (decimal(18, 2)) is gone",
    ),
    "a type is another": (
        {"columns": SALES.columns | {"net": "bigint"}}, "column `net` was decimal(18, 2) and is bigint",
    ),
    "the key is another": ({"key": ("day", "store_id")}, "one row was per day and is per day, store_id"),
}  # fmt: skip


@pytest.fixture(scope="module")
def project():
    return read_project()


def test_no_mart_breaks_its_readers(project):
    broken = complaints(read_baseline(), project)
    assert not broken, "\n".join(broken)


def test_the_baseline_is_up_to_date(project):
    stale = [change.mart for change in compare(read_baseline(), project.promises)]
    assert stale == [], f"run `{baseline.COMMAND}`"


@pytest.mark.parametrize(("other", "words"), BREAKING.values(), ids=list(BREAKING))
def test_a_breaking_change_needs_a_higher_version(other, words):
    changed = replace(SALES, **other)
    (complaint,) = complaints({"sales": SALES}, Project({"sales": changed}, FILES))
    assert words in complaint
    told = {"sales": replace(changed, version=2)}
    assert complaints({"sales": SALES}, Project(told, FILES)) == []
    (change,) = compare({"sales": SALES}, told)
    assert (change.broken, change.allowed) == ((words,), True)
    # Recorded, the new shape is what readers rely on.
    assert compare(told, told) == []


def test_a_new_column_and_a_new_mart_break_nobody_and_are_recorded():
    wider = replace(SALES, columns={"store_id": "text", **SALES.columns})
    stock = Promise(("sku",), {"sku": "text"})
    assert compare({"sales": SALES}, {"sales": wider, "stock": stock}) == [
        Change("sales", (), ("`store_id`",)), Change("stock", (), ("the mart",)),
    ]  # fmt: skip
    assert complaints({"sales": SALES}, Project({"sales": wider, "stock": stock}, FILES)) == []


def test_the_order_of_columns_is_no_promise():
    assert compare({"sales": SALES}, {"sales": replace(SALES, columns=dict(reversed(SALES.columns.items())))}) == []


def test_a_version_is_not_lowered():
    (complaint,) = complaints({"sales": replace(SALES, version=3)}, Project({"sales": SALES}, FILES))
    assert "its version was 3 and is 1" in complaint


def test_a_complaint_says_what_broke_who_reads_it_and_what_to_do():
    project = Project({"sales": replace(SALES, columns={"day": "date"})}, FILES, {"sales": ["page_overview"]})
    assert complaints({"sales": SALES}, project) == [
        "sales breaks its readers: column `net` (decimal(18, 2)) is gone.\n"
        "  Read by: page_overview; and by whatever queries marts.sales from outside.\n"
        "  Fix: keep the old columns and add new ones beside them; or set `version: 2` below config.meta of sales in"
        " dbt_project/models/marts/channel/_channel__models.yml, run `python -m userops.publish.baseline` and say in"
        " CHANGELOG.md what readers have to change."
    ]


def test_a_mart_that_is_gone_and_a_view_that_lost_a_column_have_no_version_to_raise():
    view = Promise((), {"version": None, "run_id": None})
    gone, lost = complaints(
        {"sales": SALES, "runs": view}, Project({"runs": replace(view, columns={"version": None})})
    )[::-1]  # fmt: skip
    assert "the mart is gone" in gone and "bring it back" in gone
    assert "column `run_id` (of a view) is gone" in lost and "add another one beside it" in lost


def test_what_the_project_declares(project):
    assert project.promises["user_tags"].key == ("user_id", "tag_code")
    assert project.promises["user_tags"].columns["since"] == "date"
    assert project.promises["publication"].columns["version"] is None
    assert "activation" in project.readers["audience_members"]
    assert "page_overview" in project.readers["channel_daily"]


@pytest.fixture
def root(tmp_path):
    """A project of one mart, recorded."""
    folder = tmp_path / "dbt_project" / "models" / "marts"
    folder.mkdir(parents=True)
    write_mart(tmp_path, "net")
    baseline.write(tmp_path)
    return tmp_path


def write_mart(root, column, version=1):
    (root / "dbt_project" / "models" / "marts" / "_shop__models.yml").write_text(
        f"models: [{{name: sales, config: {{meta: {{key: [day], version: {version}}}}}, columns:"
        f" [{{name: day, data_type: date}}, {{name: {column}, data_type: 'decimal(18, 2)'}}]}}]",
        encoding="utf-8",
    )


def test_the_command_records_what_is_allowed_and_refuses_what_is_not(root):
    assert read_baseline(root)["sales"] == SALES
    write_mart(root, "amount")
    with pytest.raises(UseropsError, match="column `net`"):
        baseline.write(root)
    assert read_baseline(root)["sales"] == SALES
    write_mart(root, "amount", version=2)
    baseline.write(root)
    assert read_baseline(root)["sales"] == Promise(("day",), {"day": "date", "amount": "decimal(18, 2)"}, 2)


def test_what_is_written_can_be_read(root, project):
    (root / baseline.FILE).write_text(render(project.promises), encoding="utf-8")
    assert read_baseline(root) == project.promises
