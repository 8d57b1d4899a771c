"""What a page may say: blocks with SQL on marts, in words of two languages."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Grain = Literal["day", "week", "month"]
Format = Literal[
    "text", "code", "yesno", "integer", "decimal", "money", "price", "percent", "factor", "ratio", "times",
    "days", "hours", "seconds", "day", "week", "month", "moment",
]  # fmt: skip
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]


class Strict(BaseModel):
    """A part of a page: a key it does not know is an error, because it would have been ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(Strict):
    """A text in both languages of the site."""

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)


class Column(Strict):
    """How a column is named and written; `words` names the vocabulary that translates its values."""

    en: str
    zh: str
    format: Format = "text"
    words: str | None = None


class Measured(Strict):
    """A query, and how its rows are added up after the filters have taken some away.

    `sum` columns are added; `ratio` divides two sums over the rows that know both. Without either, rows stay as they
    are, and a filter only leaves some out. `names` says which column holds the Chinese of another one's values.
    """

    sql: str = Field(min_length=1)
    filters: dict[Name, Name] = {}
    grain: Grain = "month"
    sum: list[Name] = []
    ratio: dict[Name, tuple[Name, Name]] = {}
    names: dict[Name, Name] = {}


class Figure(Strict):
    """A headline number: a sum, a ratio of sums, or the value of the newest row.

    `metric` names the metric of the dbt project that is the same number.
    """

    id: Id
    title: Words
    read: Words
    format: Format = "integer"
    sum: Name | None = None
    ratio: tuple[Name, Name] | None = None
    value: Name | None = None
    previous: Name | None = None
    compared: Words | None = None
    better: Literal["up", "down", "none"] = "none"
    metric: Name | None = None

    @model_validator(mode="after")
    def _one_measure(self) -> "Figure":
        if sum(part is not None for part in (self.sum, self.ratio, self.value)) != 1:
            raise ValueError("a figure is exactly one of sum, ratio and value")
        if self.previous and not (self.value and self.compared):
            raise ValueError("previous goes with value, and with compared, which says what it is")
        return self

    @property
    def inputs(self) -> list[str]:
        """The columns of the query that it reads."""
        return [name for name in (self.sum, *(self.ratio or ()), self.value, self.previous) if name]


class Figures(Measured):
    """Headline numbers of one query. `window: last` shows the newest period against the one before."""

    type: Literal["figures"]
    id: Id
    window: Literal["last", "all"] = "all"
    figures: list[Figure] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_periods(self) -> "Figures":
        if self.window == "last" and "period" not in self.filters:
            raise ValueError("window: last needs filters: {period: <column>}")
        return self


class Block(Measured):
    """What all charts and tables say."""

    id: Id
    title: Words
    read: Words
    empty: Words | None = None
    columns: dict[Name, Column | None]
    share: dict[Name, Name] = {}
    order: list[str] = []
    limit: int | None = None
    wide: bool = False
    buckets: list[Grain] = []

    @field_validator("columns", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        """A list of names and of {name: {en: …, zh: …}}, as a mapping."""
        if not isinstance(given, list):
            return given
        parts = [part if isinstance(part, dict) else {part: None} for part in given]
        return {name: column for part in parts for name, column in part.items()}

    @property
    def encoded(self) -> list[str]:
        """The columns that the drawing itself reads."""
        return []

    @model_validator(mode="after")
    def _fits(self) -> "Block":
        ordered = [name.lstrip("-") for name in self.order]
        for name in (*self.encoded, *self.share, *ordered, *self.ratio):
            if name not in self.columns:
                raise ValueError(f"{name!r} is not among its columns")
        if self.buckets and not self.sum:
            raise ValueError("buckets need columns to add up (sum)")
        return self


class Table(Block):
    """Rows, sortable; `bars` draws the named columns as bars behind their numbers."""

    type: Literal["table"]
    bars: list[Name] = []

    @property
    def encoded(self) -> list[str]:
        return self.bars


class Line(Strict):
    """A value to compare with, drawn across the chart."""

    value: float
    name: Words


class Bar(Block):
    """Bars of `y` by `x`, one column of `y` a colour or one value of `series` a colour; `line` on a second axis."""

    type: Literal["bar"]
    x: Name
    y: list[Name] = Field(min_length=1)
    series: Name | None = None
    line: list[Name] = []
    stack: bool = False
    horizontal: bool = False
    lines: list[Line] = []

    @property
    def encoded(self) -> list[str]:
        return [self.x, *self.y, *self.line, *([self.series] if self.series else [])]


class Lines(Block):
    """Lines of `y` over `x`, or the areas below them, one column of `y` or one value of `series` a colour."""

    type: Literal["line"]
    x: Name
    y: list[Name] = Field(min_length=1)
    series: Name | None = None
    area: bool = False
    lines: list[Line] = []

    @property
    def encoded(self) -> list[str]:
        return [self.x, *self.y, *([self.series] if self.series else [])]


class Heatmap(Block):
    """A square a pair; with several values the reader chooses which is shown.

    `note` stands beside the name of a row; colours are scaled over the columns from `scale_from` on.
    """

    type: Literal["heatmap"]
    x: Name
    y: Name
    values: list[Name] = Field(min_length=1)
    note: Name | None = None
    scale_from: int | None = None

    @property
    def encoded(self) -> list[str]:
        return [self.x, self.y, *self.values, *([self.note] if self.note else [])]


class Sankey(Block):
    """Flows from what something was to what it became."""

    type: Literal["sankey"]
    source: Name
    target: Name
    value: Name

    @property
    def encoded(self) -> list[str]:
        return [self.source, self.target, self.value]


class Interval(Block):
    """A point with its interval a row; `mark` is what it is compared with, `colour` its verdict, `log` for ratios."""

    type: Literal["interval"]
    y: Name
    point: Name
    low: Name
    high: Name
    mark: Name | None = None
    colour: Name | None = None
    log: bool = False
    lines: list[Line] = []

    @property
    def encoded(self) -> list[str]:
        return [self.y, self.point, self.low, self.high, *(name for name in (self.mark, self.colour) if name)]


class Dots(Block):
    """Several figures of one row on one scale: where the dots lie together, they agree."""

    type: Literal["dots"]
    y: Name
    values: list[Name] = Field(min_length=2)

    @property
    def encoded(self) -> list[str]:
        return [self.y, *self.values]


class Scatter(Block):
    """A bubble a row."""

    type: Literal["scatter"]
    x: Name
    y: Name
    label: Name
    size: Name | None = None
    colour: Name | None = None
    diagonal: Words | None = None

    @property
    def encoded(self) -> list[str]:
        return [self.x, self.y, self.label, *(name for name in (self.size, self.colour) if name)]


class Funnel(Block):
    """Steps, each with its share of the first one and of the one before."""

    type: Literal["funnel"]
    step: Name
    value: Name

    @property
    def encoded(self) -> list[str]:
        return [self.step, self.value]


class Map(Block):
    """Places by their coordinates in kilometres; `radius` draws a circle of so many around those of `kind` store."""

    type: Literal["map"]
    latitude: Name
    longitude: Name
    label: Name
    kind: Name
    size: Name
    value: Name
    radius: float = 3.0

    @property
    def encoded(self) -> list[str]:
        return [self.latitude, self.longitude, self.label, self.kind, self.size, self.value]


class Heading(Strict):
    """A heading between blocks."""

    type: Literal["heading"]
    id: Id
    title: Words


AnyBlock = Annotated[
    Figures | Heading | Table | Bar | Lines | Heatmap | Sankey | Interval | Dots | Scatter | Funnel | Map,
    Field(discriminator="type"),
]


class Filter(Strict):
    """What a reader may narrow the page by; its choices are the values that the page's blocks have."""

    en: str
    zh: str
    words: str | None = None


class Page(Strict):
    """One page of the site, from the file of its name."""

    name: str
    title: Words
    group: Name
    order: int
    intro: Words
    demo: Words
    filters: dict[Name, Filter | None] = {}
    blocks: list[AnyBlock] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> "Page":
        ids = [block.id for block in self.blocks]
        if len(ids) != len(set(ids)):
            raise ValueError(f"two blocks have the id {next(i for i in ids if ids.count(i) > 1)!r}")
        read = {name for block in self.blocks for name in getattr(block, "filters", {})}
        for name in read ^ set(self.filters):
            raise ValueError(f"filter {name!r} is {'not declared' if name in read else 'read by no block'}")
        return self


class Value(Words):
    """A value's words, and the colour that stands for it everywhere."""

    colour: str | None = None


class Vocabulary(Strict):
    """`_words.yml`: what all pages share."""

    groups: dict[Name, Words]
    filters: dict[Name, Filter]
    columns: dict[Name, Column]
    values: dict[Name, dict[str, Value]]
