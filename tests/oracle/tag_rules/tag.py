"""What there is to say of a tag."""

from collections.abc import Callable
from dataclasses import dataclass

from oracle.features import On


@dataclass(frozen=True)
class Tag:
    """Who bears it; its value where it has one, and its score."""

    rule: Callable[[On], bool]
    value: Callable[[On], object] = lambda on: "true"
    score: Callable[[On], object] = lambda on: 1
