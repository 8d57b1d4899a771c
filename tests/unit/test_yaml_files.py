"""YAML 1.2 into models: words stay words, and a mistake names file, line, entry and fix."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest
from pydantic import model_validator

from userops import yaml_files
from userops.errors import UseropsError
from userops.yaml_files import Mistake, YamlModel


class Column(YamlModel):
    name: str
    type: Literal["text", "date"] = "text"
    width: int = 1
    is_open: bool = False


class Shop(YamlModel):
    name: str
    columns: tuple[Column, ...]
    opened: date | None = None
    rate: Decimal = Decimal("0")

    @model_validator(mode="after")
    def _has_columns(self) -> "Shop":
        if not self.columns:
            raise Mistake("no column is declared", "add one below `columns:`")
        return self


GOOD = """name: x
columns:
  - name: status
    type: text
  - name: day
    type: date
"""


def read(text: str) -> Shop:
    return yaml_files.validate(yaml_files.parse(text, "shop.yml"), Shop)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("off", "off"), ("no", "no"), ("yes", "yes"), ("on", "on"), ("y", "y"), ("true", True), ("False", False),
        ("010", 10), ("0o10", 8), ("0x1F", 31), ("-3", -3), ("1_000", "1_000"), ("1.5", 1.5), ("1e3", 1000.0),
        ("12:30", "12:30"), ("2011-12-09", "2011-12-09"), ("~", None), ("", None), ("null", None), ("'010'", "010"),
        (".inf", ".inf"), ("!!str 3", "3"),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(text, value):
    found = yaml_files.parse(f"a: {text}", "a.yml").content["a"]
    assert found == value and type(found) is type(value)


def test_lists_dates_and_decimals_reach_the_model():
    shop = read(GOOD + "opened: 2011-12-09\nrate: 0.30\n")
    assert [column.name for column in shop.columns] == ["status", "day"]
    assert shop.opened == date(2011, 12, 9)
    assert shop.rate == Decimal("0.3")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: x", "name: true",
         "shop.yml:1: name true is read as true or false, not as a word. Fix: put it in quotes."),
        ("name: day", "name: 0123",
         "shop.yml:5 (123): name 123 is read as a number, not as a word. Fix: put it in quotes."),
        ("type: date", "type: dat", "shop.yml:6 (day): type is 'dat'. Fix: write 'date'."),
        ("type: date", "is_open: off", 'shop.yml:6 (day): is_open "off" is a word. Fix: write true or false.'),
        ("type: date", "width: 1.5", "shop.yml:6 (day): width 1.5 is not a whole number. Fix: write a whole number."),
        ("type: date", "typ: date", "shop.yml:6 (day): unknown entry 'typ'. Fix: write `type:`."),
        ("type: date", "name: again", "shop.yml:6: no valid YAML: 'name' stands twice. Fix: fix that line."),
        ("name: x\n", "", "shop.yml:1: no 'name'. Fix: add `name:`."),
        ("name: day", "width: 3", "shop.yml:5 (entry 2): no 'name'. Fix: add `name:`."),
        ("name: x", "name: [x]", "shop.yml:1: name is not one value. Fix: write `name: …` in one line."),
        ("name: x", "name: 'x", "shop.yml:"),
        ("  - name: day\n    type: date", "  - day", "shop.yml:5: entry 2 \"day\" is not `name: value` pairs."),
        (GOOD, "", "shop.yml:1: the file null is not `name: value` pairs."),
        (GOOD, "name: x\ncolumns: []", "shop.yml:1: no column is declared. Fix: add one below `columns:`."),
        (GOOD, "- ? [a]\n  : b", "shop.yml:1: no valid YAML: a key is not a word. Fix: fix that line."),
        (GOOD, "a: !!python/object:os.system x", "shop.yml:1: no valid YAML: could not determine a constructor"),
        (GOOD, "&a [*a]", "shop.yml:1: no valid YAML: too deeply nested, or too long. Fix: fix that line."),
    ],
)  # fmt: skip
def test_a_mistake_names_file_line_entry_and_fix(old, new, said):
    assert old in GOOD
    with pytest.raises(UseropsError) as raised:
        read(GOOD.replace(old, new, 1))
    assert str(raised.value).startswith(said)


def test_several_mistakes_are_counted():
    with pytest.raises(UseropsError, match=r"unknown entry 'nam' \(2 more\)"):
        read("nam: x\ncolumns_: 3\nname: y")


def test_aliases_cannot_fill_the_memory():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(UseropsError, match="too long"):
        yaml_files.parse("\n".join(lines), "bomb.yml")


def test_files_that_are_missing_or_not_utf8_are_named(tmp_path: Path):
    with pytest.raises(UseropsError, match="tags/none.yml: the file is missing"):
        yaml_files.read(tmp_path / "tags" / "none.yml", tmp_path)
    (tmp_path / "bad.yml").write_bytes(b"\xff\xfe")
    with pytest.raises(UseropsError, match="bad.yml: the file is not UTF-8"):
        yaml_files.read(tmp_path / "bad.yml", tmp_path)
    (tmp_path / "bom.yml").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert yaml_files.load(tmp_path / "bom.yml", Shop).name == "x"
