"""The language of tag rules: SQL expressions over feature columns, parsed and typed before a database sees them.

Only what `parse` understood is ever rendered, so a rule cannot hold a statement, a comment, a subquery or a column
that does not exist; and a rule that would fail in a run (a text compared with a number) fails where it is written.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)(?![\w.])|(?P<text>'(?:[^'\\\x00-\x1f]|'')*')"
    r"|(?P<name>[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?)|(?P<sign><=|>=|<>|!=|[=<>+\-*/(),]))"
)
KEYWORDS = {"and", "or", "not", "in", "between", "is", "null", "true", "false", "case", "when", "then", "else", "end"}
FUNCTIONS = {"coalesce", "greatest", "least", "abs", "round", "floor", "ceil"}
COMPARISONS = {"=", "<>", "!=", "<", "<=", ">", ">="}
LONGEST, DEEPEST = 2000, 40


class RuleError(ValueError):
    """What is wrong with an expression, and where in it (a count of characters from 1)."""

    def __init__(self, what: str, place: int, fix: str = "write a boolean SQL expression over features") -> None:
        super().__init__(f"{what} (at character {place + 1})")
        self.fix = fix


@dataclass(frozen=True)
class Node:
    """A part of an expression: its operator, its parts (or its value), and its type: boolean, number or text."""

    operator: str
    parts: tuple
    type: str


@dataclass(frozen=True)
class Token:
    """A word of the expression, with its place."""

    kind: str
    text: str
    place: int


def tokens_of(text: str) -> list[Token]:
    """Split an expression into words; anything else is an error."""
    found, place = [], 0
    while text[place:].strip():
        match = TOKEN.match(text, place)
        if match is None:
            start = place + len(text[place:]) - len(text[place:].lstrip())
            raise RuleError(
                f"{text[start : start + 12]!r} is not understood", start,
                "use lower-case feature names, numbers, 'texts' and the operators of docs/tags.md",
            )
        kind = str(match.lastgroup)
        word = match.group(kind)
        found.append(Token("keyword" if word in KEYWORDS else kind, word, match.start(kind)))
        place = match.end()
    return [*found, Token("end", "", len(text))]


def parse(text: str, names: Mapping[str, str], tags: frozenset[str] | None = None) -> Node:
    """Read an expression over `names` (name → type); `tags` are the codes `has('code')` may name (None: it may not).

    Raises RuleError, which says what and at which character.
    """
    if len(text) > LONGEST:
        raise RuleError(f"longer than {LONGEST} characters", LONGEST, "split it into several tags")
    return _Parser(tokens_of(text), names, tags).whole()


class _Parser:
    """Recursive descent, one method a level of precedence, loosest first."""

    def __init__(self, tokens: list[Token], names: Mapping[str, str], tags: frozenset[str] | None) -> None:
        self.tokens, self.names, self.tags, self.at, self.depth = tokens, names, tags, 0, 0

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def accept(self, *words: str) -> str | None:
        """Step over the next word where it is one of these."""
        token = self.next
        if token.kind in ("keyword", "sign") and token.text in words:
            self.at += 1
            return token.text
        return None

    def expect(self, word: str) -> None:
        if self.accept(word) is None:
            found = self.next.text or "the end"
            raise RuleError(f"expected {word!r}, found {found!r}", self.next.place)

    def whole(self) -> Node:
        if self.next.kind == "end":
            raise RuleError("the expression is empty", 0)
        node = self.disjunction()
        if self.next.kind != "end":
            raise RuleError(f"{self.next.text!r} was not expected", self.next.place)
        return node

    def typed(self, node: Node, wanted: str, place: int) -> Node:
        """The node, if it is of the wanted type."""
        if node.type != wanted:
            raise RuleError(f"a {wanted} was expected, found a {node.type}", place)
        return node

    def _chain(self, word: str, inner) -> Node:
        place = self.next.place
        parts = [inner()]
        while self.accept(word):
            self.typed(parts[-1], "boolean", place)
            place = self.next.place
            parts.append(self.typed(inner(), "boolean", place))
        return parts[0] if len(parts) == 1 else Node(word, tuple(parts), "boolean")

    def disjunction(self) -> Node:
        return self._nested(lambda: self._chain("or", self.conjunction))

    def _nested(self, inner) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise RuleError("nested too deeply", self.next.place, "split it into several tags")
        node = inner()
        self.depth -= 1
        return node

    def conjunction(self) -> Node:
        return self._chain("and", self.negation)

    def negation(self) -> Node:
        if self.accept("not"):
            place = self.next.place
            return Node("not", (self.typed(self._nested(self.negation), "boolean", place),), "boolean")
        return self.comparison()

    def comparison(self) -> Node:
        place = self.next.place
        left = self.sum()
        sign = self.accept(*COMPARISONS)
        if sign:
            there = self.next.place
            right = self.typed(self.sum(), left.type, there)
            if left.type != "number" and sign not in ("=", "<>", "!="):
                raise RuleError(f"a {left.type} has no order: {sign!r} compares numbers", place)
            return Node("<>" if sign == "!=" else sign, (left, right), "boolean")
        if self.accept("is"):
            negated = self.accept("not")
            self.expect("null")
            return Node("is not null" if negated else "is null", (left,), "boolean")
        negated = "not " if self.accept("not") else ""
        if self.accept("in"):
            return Node(f"{negated}in", (left, *self._list(left.type)), "boolean")
        if self.accept("between"):
            self.typed(left, "number", place)
            low = self.typed(self.sum(), "number", place)
            self.expect("and")
            return Node(f"{negated}between", (left, low, self.typed(self.sum(), "number", place)), "boolean")
        if negated:
            raise RuleError("expected 'in' or 'between' after 'not'", self.next.place)
        return left

    def _list(self, wanted: str) -> list[Node]:
        self.expect("(")
        parts = []
        while not parts or self.accept(","):
            place = self.next.place
            parts.append(self.typed(self.sum(), wanted, place))
        self.expect(")")
        return parts

    def _arithmetic(self, signs: tuple[str, ...], inner) -> Node:
        place = self.next.place
        node = inner()
        while sign := self.accept(*signs):
            self.typed(node, "number", place)
            place = self.next.place
            node = Node(sign, (node, self.typed(inner(), "number", place)), "number")
        return node

    def sum(self) -> Node:
        return self._arithmetic(("+", "-"), self.product)

    def product(self) -> Node:
        return self._arithmetic(("*", "/"), self.signed)

    def signed(self) -> Node:
        if self.accept("-"):
            place = self.next.place
            return Node("minus", (self.typed(self._nested(self.signed), "number", place),), "number")
        return self.primary()

    def primary(self) -> Node:
        token = self.next
        self.at += 1
        if token.kind == "number":
            return Node("constant", (token.text,), "number")
        if token.kind == "text":
            return Node("constant", (token.text,), "text")
        if token.text in ("true", "false") and token.kind == "keyword":
            return Node("constant", (token.text,), "boolean")
        if token.text == "case" and token.kind == "keyword":
            return self._case(token.place)
        if token.text == "(":
            node = self.disjunction()
            self.expect(")")
            return node
        if token.kind == "name":
            return self._call(token) if self.next.text == "(" else self._name(token)
        raise RuleError(f"a value was expected, found {token.text or 'the end'!r}", token.place)

    def _name(self, token: Token) -> Node:
        if token.text not in self.names:
            near = get_close_matches(token.text, self.names, 1)
            fix = f"use {near[0]}, or another feature of docs/tags.md" if near else "use a feature of docs/tags.md"
            raise RuleError(f"{token.text!r} is no feature", token.place, fix)
        return Node("name", (token.text,), self.names[token.text])

    def _call(self, token: Token) -> Node:
        if token.text == "has":
            return self._has(token)
        if token.text == "contains":
            return self._contains()
        if token.text not in FUNCTIONS:
            known = ", ".join(sorted({*FUNCTIONS, "contains"}))
            raise RuleError(f"{token.text!r} is no function of rules", token.place, f"use one of {known}")
        self.expect("(")
        place = self.next.place
        parts = [self.disjunction()]
        while self.accept(","):
            place = self.next.place
            parts.append(self.typed(self.disjunction(), parts[0].type, place))
        self.expect(")")
        if token.text != "coalesce":
            self.typed(parts[0], "number", place)
        if token.text in ("abs", "round", "floor", "ceil") and len(parts) != 1:
            raise RuleError(f"{token.text} takes one value", token.place)
        return Node("call", (token.text, *parts), parts[0].type)

    def _has(self, token: Token) -> Node:
        self.expect("(")
        code = self.next
        self.at += 1
        if self.tags is None:
            raise RuleError("has() is for audiences; a tag reads features alone", token.place, "write the rule out")
        if code.kind != "text" or code.text.strip("'") not in self.tags:
            near = get_close_matches(code.text.strip("'"), self.tags, 1)
            fix = f"use has('{near[0]}')" if near else "name a tag of tags/"
            raise RuleError(f"{code.text or 'nothing'} is no tag", code.place, fix)
        self.expect(")")
        return Node("has", (code.text.strip("'"),), "boolean")

    def _contains(self) -> Node:
        self.expect("(")
        place = self.next.place
        names = self.typed(self.primary(), "text", place)
        self.expect(",")
        wanted = self.next
        self.at += 1
        if names.operator != "name" or wanted.kind != "text" or "|" in wanted.text:
            raise RuleError("contains() takes a feature that lists names, and one name", place,
                            "write contains(staff_tags, 'the name')")
        self.expect(")")
        return Node("contains", (names, Node("constant", (wanted.text,), "text")), "boolean")

    def _case(self, place: int) -> Node:
        branches: list[Node] = []
        results: list[Node] = []
        while self.accept("when"):
            there = self.next.place
            branches.append(self.typed(self.disjunction(), "boolean", there))
            self.expect("then")
            there = self.next.place
            results.append(self.disjunction())
            self.typed(results[-1], results[0].type, there)
        if not branches:
            raise RuleError("expected 'when'", self.next.place)
        if self.accept("else"):
            there = self.next.place
            results.append(self.typed(self.disjunction(), results[0].type, there))
        self.expect("end")
        return Node("case", (tuple(branches), tuple(results)), results[0].type)
