"""Macros of the dbt project by themselves, without dbt."""

from jinja2 import Environment
from jinja2.environment import TemplateModule

from userops.settings import PROJECT_ROOT


def macros(file: str, **known: object) -> TemplateModule:
    """The macros of one file as functions that return SQL; `known` is what they find of dbt's context."""
    text = (PROJECT_ROOT / "dbt_project" / "macros" / file).read_text()
    return Environment().from_string(text).make_module(known)
