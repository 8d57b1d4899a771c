"""What is told of an error quotes no cell and is never empty."""

import pytest

from userops.errors import first_line


@pytest.mark.parametrize(
    ("said", "first"),
    [
        ("duplicate key\nDETAIL: Key (phone)=(13800000000)", "duplicate key"),
        ("\n  broken\nmore", "broken"),
        ("", "ValueError"),
        ("  \n", "ValueError"),
    ],
)
def test_what_an_error_says_first(said: str, first: str) -> None:
    assert first_line(ValueError(said)) == first
