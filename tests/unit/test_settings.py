"""Configuration: what is read, and that a bad value names its variable."""

import pytest

from userops.errors import UseropsError
from userops.settings import Settings


def test_defaults_point_below_the_home(tmp_path):
    settings = Settings.load({"USEROPS_HOME": str(tmp_path)})
    assert settings.timezone == "Asia/Shanghai"
    assert settings.landing == str(tmp_path / "landing")
    assert settings.hash_key == ""


def test_a_stored_hash_key_is_read(tmp_path):
    (tmp_path / "hash_key").write_text("k" * 64 + "\n")
    assert Settings.load({"USEROPS_HOME": str(tmp_path)}).hash_key == "k" * 64


def test_an_unknown_zone_names_its_variable():
    with pytest.raises(UseropsError, match="USEROPS_TIMEZONE"):
        Settings.load({"USEROPS_TIMEZONE": "Mars/Olympus"})
