"""A parsed expression as SQL for every engine and as words for operators."""

from collections.abc import Mapping

from userops.tags.expressions import Node
from userops.tags.numbers import ROUNDING, exact_type, operand_types

DOUBLE = "double precision"
# Between the alternatives of a need.
OR = " or "
WORDS = {
    "=": "is", "<>": "is not", "<": "below", "<=": "at most", ">": "above", ">=": "at least",
    "+": "plus", "-": "minus", "*": "times", "/": "divided by",
}  # fmt: skip


def features_of(node: Node) -> list[str]:
    """The features an expression reads, in order of appearance, each once."""
    found: dict[str, None] = {}
    _collect(node, "name", found)
    return list(found)


def tags_of(node: Node) -> list[str]:
    """The tags an expression asks for by has(), each once."""
    found: dict[str, None] = {}
    _collect(node, "has", found)
    return list(found)


def _collect(node: Node, operator: str, found: dict[str, None]) -> None:
    if node.operator == operator:
        found[node.parts[0]] = None
    for part in node.parts:
        for inner in part if isinstance(part, tuple) else (part,):
            if isinstance(inner, Node):
                _collect(inner, operator, found)


def to_sql(node: Node, types: Mapping[str, str], tag_rules: Mapping[str, Node] | None = None) -> str:
    """SQL for the expression: columns of the relation `features`, or of the one a dotted name starts with.

    `types` are the features' types in the database. The text is the same for every engine and no rule can stop a
    run: sums and products are exact decimals, a quotient is a double, a division by zero gives null.
    """
    operator, parts = node.operator, node.parts
    if operator == "constant":
        return parts[0]
    if operator == "name":
        return parts[0] if "." in parts[0] else f"features.{parts[0]}"
    if operator == "has":
        return f"coalesce({to_sql((tag_rules or {})[parts[0]], types)}, false)"
    if operator == "case":
        return _case_sql(node, types, tag_rules)
    if operator == "call":
        return _call_sql(node, types, tag_rules)
    if operator == "needs":
        return f"({' and '.join([to_sql(parts[0], types, tag_rules), *map(_delivered_sql, parts[1:])])})"
    inner = [to_sql(part, types, tag_rules) for part in parts]
    if operator == "contains":
        # A list of names stands between bars, so that no name is taken for a part of another.
        return f"(coalesce(position('|{inner[1][1:-1]}|' in {inner[0]}), 0) > 0)"
    if operator in ("and", "or"):
        return f"({f' {operator} '.join(inner)})"
    if operator == "not":
        return f"(not {inner[0]})"
    if operator in ("is null", "is not null"):
        return f"({inner[0]} {operator})"
    if operator in ("in", "not in"):
        return f"({inner[0]} {operator} ({', '.join(inner[1:])}))"
    if operator in ("between", "not between"):
        return f"({inner[0]} {operator} {inner[1]} and {inner[2]})"
    if operator == "minus":
        return f"(-{inner[0]})"
    if operator in ("+", "-", "*", "/"):
        left, right = _operands(node, inner, types)
        return f"({left} {operator} {f'nullif({right}, 0)' if operator == '/' else right})"
    return f"({inner[0]} {operator} {inner[1]})"


def _delivered_sql(need: str) -> str:
    """Whether any alternative of a need was delivered; dbt puts the answer there when it compiles (`configured`)."""
    found = [f"delivered('{name}')" for name in need.split(OR)]
    return found[0] if len(found) == 1 else f"({' or '.join(found)})"


def _operands(node: Node, inner: list[str], types: Mapping[str, str]) -> list[str]:
    """Both sides of an operation, cast to exact types wide enough for its result, or to doubles."""
    kinds = operand_types(node, types) or (None, None)
    return [f"cast({text} as {kind.sql if kind else DOUBLE})" for text, kind in zip(inner, kinds, strict=True)]


def _call_sql(node: Node, types: Mapping[str, str], tag_rules: Mapping[str, Node] | None) -> str:
    function, *arguments = node.parts
    inner = [to_sql(argument, types, tag_rules) for argument in arguments]
    if function in ROUNDING:
        kind = exact_type(arguments[0], types)
        if kind and not kind.scale:
            return inner[0]
        if kind is None and function == "round":
            # Engines differ about the half of a double.
            return f"(sign({inner[0]}) * floor(abs({inner[0]}) + 0.5))"
    return f"{function}({', '.join(inner)})"


def _case_sql(node: Node, types: Mapping[str, str], tag_rules: Mapping[str, Node] | None) -> str:
    branches, results = node.parts
    pairs = [
        f"when {to_sql(condition, types, tag_rules)} then {to_sql(result, types, tag_rules)}"
        for condition, result in zip(branches, results, strict=False)
    ]
    otherwise = [f"else {to_sql(results[-1], types, tag_rules)}"] if len(results) > len(branches) else []
    return f"(case {' '.join([*pairs, *otherwise])} end)"


def to_words(node: Node, labels: Mapping[str, str], tag_names: Mapping[str, str] | None = None) -> str:
    """The expression in operators' words: `labels` name the features, `tag_names` the tags."""
    operator, parts = node.operator, node.parts
    if operator == "constant":
        return parts[0].strip("'").replace("''", "'").replace("_", " ") if node.type == "text" else parts[0]
    if operator == "name":
        return labels.get(parts[0], parts[0])
    if operator == "has":
        return f"has the tag “{(tag_names or {}).get(parts[0], parts[0])}”"
    if operator == "case":
        return _case_words(node, labels, tag_names)

    def say(part: Node) -> str:
        text = to_words(part, labels, tag_names)
        return f"({text})" if part.operator == "or" and operator == "and" else text

    if operator == "needs":
        return to_words(parts[0], labels, tag_names)
    if operator == "call":
        return _call_words(parts[0], [say(part) for part in parts[1:]])
    inner = [say(part) for part in parts]
    if operator in ("and", "or"):
        return f" {operator} ".join(inner)
    if operator == "contains":
        return f"{inner[0]} hold “{inner[1]}”"
    if operator == "not":
        return f"not ({inner[0]})" if parts[0].operator in ("and", "or") else f"not: {inner[0]}"
    if operator in ("is null", "is not null"):
        return f"{inner[0]} {'unknown' if operator == 'is null' else 'known'}"
    if operator in ("in", "not in"):
        return f"{inner[0]} {'is' if operator == 'in' else 'is not'} {' or '.join(inner[1:])}"
    if operator in ("between", "not between"):
        return f"{inner[0]} {operator} {inner[1]} and {inner[2]}"
    if operator == "minus":
        return f"-{inner[0]}"
    return f"{inner[0]} {WORDS[operator]} {inner[1]}"


def _call_words(function: str, inner: list[str]) -> str:
    if function == "coalesce":
        return f"{inner[0]} ({' or else '.join(inner[1:])} where unknown)" if len(inner) > 1 else inner[0]
    names = {"greatest": "the greatest of", "least": "the least of", "abs": "the size of"}
    return f"{names.get(function, function)} {', '.join(inner)}"


def _case_words(node: Node, labels: Mapping[str, str], tag_names: Mapping[str, str] | None) -> str:
    branches, results = node.parts
    said = [
        f"{to_words(result, labels, tag_names)} where {to_words(condition, labels, tag_names)}"
        for condition, result in zip(branches, results, strict=False)
    ]
    if len(results) > len(branches):
        said.append(f"else {to_words(results[-1], labels, tag_names)}")
    return ", ".join(said)
