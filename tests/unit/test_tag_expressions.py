"""Rules: what parses is typed and renders safely; everything else is named with its place."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from userops.tags.expressions import RuleError, parse
from userops.tags.rendering import features_of, tags_of, to_sql, to_words

NAMES = {
    "orders": "number", "net": "number", "points": "number", "mean_gap": "number", "stage": "text",
    "is_plus": "boolean", "later.orders": "number",
}  # fmt: skip
TYPES = {
    "orders": "integer", "net": "decimal(18, 2)", "points": "bigint", "mean_gap": "double precision", "stage": "text",
    "is_plus": "boolean",
}  # fmt: skip
TAGS = frozenset({"lapsing"})


@pytest.mark.parametrize(
    ("rule", "sql"),
    [
        ("orders >= 2", "(features.orders >= 2)"),
        ("orders != 2", "(features.orders <> 2)"),
        ("later.orders > orders", "(later.orders > features.orders)"),
        ("is_plus", "features.is_plus"),
        ("not is_plus and orders = 1", "((not features.is_plus) and (features.orders = 1))"),
        ("is_plus or orders = 1 and net > 5", "(features.is_plus or ((features.orders = 1) and (features.net > 5)))"),
        ("stage in ('new', 'it''s')", "(features.stage in ('new', 'it''s'))"),
        ("stage not in ('new')", "(features.stage not in ('new'))"),
        ("net between -1 and 2", "(features.net between (-1) and 2)"),
        ("2 * orders > 1", "((cast(2 as decimal(1, 0)) * cast(features.orders as decimal(10, 0))) > 1)"),
        (
            "net - 0.5 * later.orders > 1",
            "((cast(features.net as decimal(19, 2)) - cast((cast(0.5 as decimal(2, 1))"
            " * cast(later.orders as decimal(10, 0))) as decimal(19, 2))) > 1)",
        ),
        (
            "net / orders > 0.5",
            "((cast(features.net as double precision) / nullif(cast(features.orders as double precision), 0)) > 0.5)",
        ),
        (
            "orders > 1.5 * mean_gap",
            "(features.orders > (cast(1.5 as double precision) * cast(features.mean_gap as double precision)))",
        ),
        (
            "points * points = 4",
            "((cast(features.points as double precision) * cast(features.points as double precision)) = 4)",
        ),
        (
            "orders * orders > 1",
            "((cast(features.orders as decimal(19, 0)) * cast(features.orders as decimal(10, 0))) > 1)",
        ),
        ("round(orders) = 1", "(features.orders = 1)"),
        ("round(net) = floor(net)", "(round(features.net) = floor(features.net))"),
        ("round(mean_gap) = 1", "((sign(features.mean_gap) * floor(abs(features.mean_gap) + 0.5)) = 1)"),
        ("stage is not null", "(features.stage is not null)"),
        ("coalesce(net, 0) = 0", "(coalesce(features.net, 0) = 0)"),
        ("(is_plus)", "features.is_plus"),
        ("contains(stage, 'it''s new')", "(coalesce(position('|it''s new|' in features.stage), 0) > 0)"),
        ("true", "true"),
        ("case when is_plus then 'a' else 'b' end", "(case when features.is_plus then 'a' else 'b' end)"),
    ],
)  # fmt: skip
def test_an_expression_becomes_sql(rule: str, sql: str) -> None:
    assert to_sql(parse(rule, NAMES), TYPES) == sql


@pytest.mark.parametrize(
    ("rule", "said", "fix"),
    [
        ("order >= 2", "'order' is no feature (at character 1)", "use orders"),
        ("orders >= '2'", "a number was expected, found a text (at character 11)", ""),
        ("orders = 1; drop table users", "'; drop table' is not understood (at character 11)", ""),
        ("orders = 1 -- all", "'all' is no feature", ""),
        ("orders = (select 1)", "'select' is no feature", ""),
        ("orders = 1 or pg_sleep(9) is null", "'pg_sleep' is no function of rules", "coalesce"),
        ('orders = "x"', "is not understood", ""),
        ("stage = 'a\\'", "is not understood", ""),
        ("stage > 'a'", "a text has no order", ""),
        ("orders and is_plus", "a boolean was expected, found a number", ""),
        ("orders between 1", "expected 'and', found 'the end'", ""),
        ("orders >= 1 >= 0", "'>=' was not expected", ""),
        ("Orders >= 1", "is not understood (at character 1)", "lower-case"),
        ("has('lapsing')", "has() is for audiences", ""),
        ("contains(orders, 'VIP')", "a text was expected, found a number", ""),
        ("contains(stage, orders)", "contains() takes a feature that lists names", "contains(staff_tags"),
        ("contains(stage, 'a|b')", "contains() takes a feature that lists names", "contains(staff_tags"),
        ("abs(orders, 1) > 0", "abs takes one value", ""),
        ("case else 1 end", "expected 'when'", ""),
        ("", "the expression is empty", ""),
        ("(" * 100, "nested too deeply", ""),
        ("orders > 1 or " * 200 + "is_plus", "longer than 2000", ""),
    ],
)
def test_a_mistake_is_named_with_its_place(rule: str, said: str, fix: str) -> None:
    with pytest.raises(RuleError) as raised:
        parse(rule, NAMES)
    assert said in str(raised.value)
    assert fix in raised.value.fix


def test_audiences_may_ask_for_tags() -> None:
    node = parse("has('lapsing') and is_plus", NAMES, TAGS)
    assert tags_of(node) == ["lapsing"]
    assert features_of(node) == ["is_plus"]
    assert to_sql(node, TYPES, {"lapsing": parse("orders > 1", NAMES)}) == (
        "(coalesce((features.orders > 1), false) and features.is_plus)"
    )
    with pytest.raises(RuleError, match="'lapsin' is no tag") as raised:
        parse("has('lapsin')", NAMES, TAGS)
    assert raised.value.fix == "use has('lapsing')"


def test_a_rule_in_words() -> None:
    labels = {"orders": "orders so far", "stage": "lifecycle stage", "is_plus": "has a plus plan"}
    node = parse("(orders >= 2 or is_plus) and stage in ('at_risk', 'lost') and not is_plus", NAMES)
    assert to_words(node, labels) == (
        "(orders so far at least 2 or has a plus plan) and lifecycle stage is at risk or lost and not: has a plus plan"
    )


SNIPPETS = ["orders", "net", "stage", "is_plus", "'a'", "1", "2.5", "and", "or", "not", "=", ">=", "(", ")", ",",
            "in", "between", "is", "null", "+", "-", "*", "/", "case", "when", "then", "end", "coalesce", ";", "--",
            '"', "$$", "\\", "select", "has", "\n", "é", "\x00"]  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(SNIPPETS), max_size=25).map(" ".join)))
def test_whatever_is_written_parses_or_is_refused_in_words(text: str) -> None:
    try:
        node = parse(text, NAMES)
    except RuleError as error:
        assert re.search(r"\(at character \d+\)$", str(error))
        return
    outside = re.sub(r"'(?:[^']|'')*'", "", to_sql(node, TYPES))
    assert not re.search(r";|--|/\*|\"|\$|\\|select", outside)
