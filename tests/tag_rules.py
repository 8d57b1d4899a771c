"""Random tag rules over all features, and a table of features at their limits, for any engine."""

from hypothesis import strategies as st

from userops.tags.features import load_features

NAMES = {name: feature.type for name, feature in load_features().items()}
TYPES = {name: feature.data_type for name, feature in load_features().items()}

NUMBERS = st.recursive(
    st.one_of(
        st.sampled_from([name for name, kind in NAMES.items() if kind == "number"]),
        st.integers(-10, 10).map(str),
        st.sampled_from(["0.5", "0.125", "coalesce(net, 0)", "abs(orders)", "round(aov)", "floor(net)", "ceil(aov)",
                         "greatest(net, aov)", "case when is_plus then net else orders end"]),
    ),
    lambda n: st.tuples(n, st.sampled_from("+-*/"), n).map(lambda t: f"({' '.join(t)})"),
    max_leaves=5,
)  # fmt: skip
RULES = st.recursive(
    st.one_of(
        st.tuples(NUMBERS, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), NUMBERS).map(" ".join),
        st.tuples(NUMBERS, NUMBERS, NUMBERS).map(lambda t: f"{t[0]} between {t[1]} and {t[2]}"),
        st.sampled_from(["is_plus", "stage in ('new', 'it''s')", "city is null", "not reachable_sms", "true"]),
    ),
    lambda r: st.tuples(r, st.sampled_from(["and", "or"]), r).map(lambda t: f"({' '.join(t)})"),
    max_leaves=6,
)

# One row each: nothing, a lot, less than nothing, fractions, unknown.
_VALUES = {
    "integer": ("0", "2147483647", "-1", "3", "null"),
    "bigint": ("0", "9000000000000000", "-1", "50", "null"),
    "decimal": ("0", "9999999999999.99", "-0.01", "0.05", "null"),
    "double precision": ("0", "1e15", "-0.5", "33.333333333333336", "null"),
    "boolean": ("false", "true", "false", "true", "null"),
    "text": ("''", "'new'", "'it''s'", "'lost'", "null"),
}


def _rows() -> str:
    rows = [
        ", ".join([str(number), *(_VALUES[kind.split("(")[0]][number] for kind in TYPES.values())])
        for number in range(5)
    ]
    return ", ".join(f"({row})" for row in rows)


FEATURES = (
    f"create table features (number int, {', '.join(f'{name} {kind}' for name, kind in TYPES.items())});"
    f" insert into features values {_rows()}"
)
