"""Quoting for SQL that is generated for DuckDB."""


def identifier(name: str) -> str:
    """A name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """A text in single quotes; None is null, numbers stay as they are."""
    if value is None:
        return "null"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'"


def blob(value: bytes) -> str:
    """Bytes as a literal."""
    return "'" + "".join(f"\\x{byte:02x}" for byte in value) + "'::blob"


def listed(parts: list[str]) -> str:
    """Expressions with commas between."""
    return ", ".join(parts)
