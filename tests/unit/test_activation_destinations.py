"""`activation.yml`: what it may say, and how a mistake is named."""

from pathlib import Path

import pytest

from userops.activation.destinations import Destination, load
from userops.errors import UseropsError
from userops.settings import PROJECT_ROOT, Settings
from userops.tags.catalog import load_catalog


def read(root: Path, text: str) -> tuple[Destination, ...]:
    (root / "activation.yml").write_text(text, encoding="utf-8")
    return load(Settings.load({"USEROPS_PROJECT": str(root)}))


def test_the_project_exports_nothing_by_itself():
    assert load(Settings.load({})) == ()


def test_the_example_of_the_project_can_be_read_and_names_audiences_that_exist(tmp_path: Path):
    lines = (PROJECT_ROOT / "activation.yml").read_text(encoding="utf-8").splitlines()
    start = lines.index("# exports:")
    example = "\n".join(line[2:] for line in lines[start : lines.index("#", start)])
    (tmp_path / "activation.yml").write_text(example, encoding="utf-8")
    wecom = {"USEROPS_WECOM_CORP_ID": "ww1", "USEROPS_WECOM_SECRET": "s"}
    found = load(Settings.load({"USEROPS_PROJECT": str(tmp_path), **wecom}))
    assert [wanted.format for wanted in found] == ["google", "tencent", "wecom"]
    assert {wanted.audience for wanted in found} <= load_catalog().audiences.keys()


def test_no_file_is_no_export(tmp_path: Path):
    assert load(Settings.load({"USEROPS_PROJECT": str(tmp_path)})) == ()


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{audience: a, format: fax}", r"activation.yml:1.*format"),
        ("{audience: a, formt: csv}", r"activation.yml:1.*formt"),
        ("{audience: a, format: tencent, medium: email}", "tencent finds nobody by email"),
        ("{audience: a, format: google, with_identifiers: true}", "takes hashes alone"),
        ("{audience: a, apply: true}", "are about WeCom"),
        ("{audience: a, format: wecom}", "has to be named"),
        ("{audience: a, format: wecom, tag: et1, medium: sms}", "take no medium"),
        ("{audience: a, format: wecom, tag: et1, apply: true}", "WeCom is not set up"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, entry: str, said: str):
    with pytest.raises(UseropsError, match=said):
        read(tmp_path, f"exports: [{entry}]\n")
