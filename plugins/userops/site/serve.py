"""Serve the built site on this machine alone, for browsers that read no folders and for links from Airflow."""

import contextlib
import functools
import http.server
from pathlib import Path

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
    handler = functools.partial(Handler, directory=str(folder))
    try:
        return http.server.ThreadingHTTPServer((host, port), handler)
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
