"""The site at an address: headers, no listing of folders, and a site that is built later."""

import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from userops.errors import UseropsError
from userops.site.serve import beside, server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def build(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "index.html").write_text("<p>Overview", encoding="utf-8")


def test_serves_as_long_as_the_block_lasts_what_is_built_later_too(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    with beside(tmp_path / "site", url) as said:
        assert said == f"The dashboards: {url}"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(url, timeout=5)
        build(tmp_path / "site")
        with urllib.request.urlopen(url, timeout=5) as answer:
            assert answer.read() == b"<p>Overview"
            assert answer.headers["Cache-Control"] == "no-cache" and answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{url}data/", timeout=5)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=5)


def test_what_cannot_be_served_is_told_and_stops_nothing(tmp_path: Path) -> None:
    with beside(tmp_path, "https://boards.example.com/") as said:
        assert said == "The dashboards: https://boards.example.com/"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with beside(tmp_path, f"http://127.0.0.1:{port}/") as said:
            assert said.startswith(f"The dashboards are not served: Port {port} on 127.0.0.1 cannot be used")


def test_a_site_that_is_not_built_is_named(tmp_path: Path) -> None:
    with pytest.raises(UseropsError, match=r"There is no site in .* Fix: build it first: `userops site`"):
        server(tmp_path / "none")
