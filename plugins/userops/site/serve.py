"""Serve the built site, by default to this machine alone: for browsers that open no folders, and for Airflow's link."""

import contextlib
import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from userops.errors import EXIT_FAILED, UseropsError

LOCAL = "127.0.0.1"
HEADERS = {
    "Cache-Control": "no-cache",  # pages keep their names from build to build; their assets carry a hash
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of the site, no listing of folders, no line a request on the terminal."""

    def end_headers(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def list_directory(self, path: str) -> None:
        """Refuse to list a folder."""
        self.send_error(404)

    def log_message(self, format: str, *arguments: object) -> None:
        """Stay quiet."""


def server(folder: Path, port: int = 8081, host: str = LOCAL) -> http.server.ThreadingHTTPServer:
    """A server for the site at `folder`, not yet serving; port 0 takes a free one.

    `folder` may be the link that `build_site` moves: each request follows it, so a new build is served at once.
    """
    if not (folder / "index.html").exists():
        raise UseropsError(f"There is no site in {folder}.", fix="build it first: `userops site`.")
    return _server(folder, port, host)


def _server(folder: Path, port: int, host: str) -> http.server.ThreadingHTTPServer:
    try:
        return http.server.ThreadingHTTPServer((host, port), functools.partial(Handler, directory=str(folder)))
    except OSError as error:
        raise UseropsError(
            f"Port {port} on {host} cannot be used: {error.strerror}.",
            fix="name another one with --port.",
            exit_code=EXIT_FAILED,
        ) from error


def until_stopped(serving: http.server.ThreadingHTTPServer) -> None:
    """Answer requests until Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):
        serving.serve_forever()


@contextlib.contextmanager
def beside(folder: Path, url: str) -> Iterator[str]:
    """Serve the site at `url` in a thread for as long as the block lasts; gives what to tell people about it.

    A site that is built later is served from then on. An address of another machine is only told; a port in use is
    told too, and the block runs all the same.
    """
    address = urlsplit(url)
    if address.hostname not in (LOCAL, "localhost"):
        yield f"The dashboards: {url}"
        return
    try:
        serving = _server(folder, address.port or 80, address.hostname)
    except UseropsError as error:
        yield f"The dashboards are not served: {error}"
        return
    with serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"The dashboards: {url}"
        serving.shutdown()
