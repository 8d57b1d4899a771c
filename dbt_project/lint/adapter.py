"""Stand in for dbt's `adapter` while sqlfluff renders models: every dispatched macro is a one."""

from collections.abc import Callable


def dispatch(name: str, macro_namespace: str | None = None) -> Callable[..., str]:
    """Return a macro whose text is valid wherever an expression stands."""
    return lambda *arguments, **named: "1"
