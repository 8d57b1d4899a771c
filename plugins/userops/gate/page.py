"""The page of a run's gate as HTML: from a `Review` to text, in one language, asking no other host for anything."""

from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from userops.gate.review import Asked, Point, Review
from userops.gate.words import word

HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT, EDGE = 140, 28, 4


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip


def render(review: Review, *, language: str, timezone: str, may_decide: bool, nonce: str) -> str:
    """The page; `nonce` is what the Content-Security-Policy of the answer allows script and style by."""
    zone = ZoneInfo(timezone)

    def ui(key: str, **values: object) -> str:
        return word(key, language, **values)

    return _templates().get_template("run.html.j2").render(
        review=review, ui=ui, language=language, may_decide=may_decide, nonce=nonce,
        at=lambda moment: f"{moment.astimezone(zone):%Y-%m-%d %H:%M}",
        sparkline=lambda asked: sparkline(asked, language),
    )


def notice(key: str, *, language: str, nonce: str) -> str:
    """A page of one sentence, where there is nothing to judge."""
    return _templates().get_template("notice.html.j2").render(text=word(key, language), language=language, nonce=nonce)


def sparkline(asked: Asked, language: str) -> Markup:
    """The last runs of a check as a small SVG: a dot a run by its verdict, on a line where figures compare."""
    points = asked.trend
    if len(points) < 2:
        return Markup()
    values = [point.value for point in points if point.value is not None]
    low, high = (min(values), max(values)) if values else (0.0, 0.0)
    step = (WIDTH - 2 * EDGE) / (len(points) - 1)
    places = [
        (EDGE + step * number, _height(point.value, low, high), point) for number, point in enumerate(points)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y, point in places if point.value is not None)
    label = word(
        "trend_label", language, check=asked.result.check, n=len(points),
        words=", ".join(word(f"verdict_{point.verdict}", language) for point in points),
    )  # fmt: skip
    parts = [Markup('<svg class="trend" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(WIDTH, HEIGHT, label)]
    if len(values) > 1:
        parts.append(Markup('<polyline points="{}"/>').format(line))
    parts += [_dot(x, y, point) for x, y, point in places]
    return Markup().join([*parts, Markup("</svg>")])


def _height(value: float | None, low: float, high: float) -> float:
    """Where a figure is drawn: the largest on top; what has no figure to compare lies at the bottom."""
    if value is None:
        return HEIGHT - EDGE
    return HEIGHT / 2 if high == low else EDGE + (HEIGHT - 2 * EDGE) * (high - value) / (high - low)


def _dot(x: float, y: float, point: Point) -> Markup:
    return Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="3"><title>{}: {}</title></circle>').format(
        point.verdict, x, y, point.business_date, point.observed
    )
