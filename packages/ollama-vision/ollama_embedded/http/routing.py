"""Routing: which path takes which method; HEAD, Allow and redirects as Go's HTTP server and gin have them."""

from __future__ import annotations

import html
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

_IN_ORDER = ("HEAD", "GET", "POST", "DELETE")
"""As the real server's `Allow` lists them: in the order in which it registers their first routes."""
_REASONS = {301: "Moved Permanently", 307: "Temporary Redirect"}


@dataclass(frozen=True)
class Routes:
    """Paths and the methods that each takes; `/*` at the end of one stands for any last part but none."""

    methods: Mapping[str, frozenset[str]]

    def known(self, path: str) -> str:
        """The name of a path in the table, or the path itself when it is not there."""
        folder, _, name = path.rpartition("/")
        of_any_name = f"{folder}/*"
        return of_any_name if name and path not in self.methods and of_any_name in self.methods else path

    def allow(self, path: str) -> str:
        """The methods that a path takes, for the header `Allow`; "" for an unknown path."""
        taken = self.methods.get(self.known(path), frozenset())
        return ", ".join(method for method in _IN_ORDER if method in taken)

    def takes(self, method: str, path: str) -> bool:
        return method in self.methods.get(self.known(path), frozenset())

    def moved(self, method: str, path: str) -> tuple[int, str] | None:
        """Status and path of the redirect for a path that is not clean, or has a slash at its end too many or few."""
        clean = _clean_path(path)
        if clean != path:
            return 307, clean
        other = path[:-1] if path.endswith("/") else f"{path}/"
        if path == "/" or self.takes(method, path) or not self.takes(method, other):
            return None
        return 301 if method == "GET" else 307, other


def redirect(method: str, status: int, path: str, query: str) -> Response:
    """A redirect in the words of Go's standard library: a body for GET alone."""
    target = f"{path}?{query}" if query else path
    content = f'<a href="{html.escape(target)}">{_REASONS[status]}</a>.\n\n' if method == "GET" else ""
    media_type = {"content-type": "text/html; charset=utf-8"} if method in ("GET", "HEAD") else {}
    return Response(content, status, {"location": target, **media_type})


def _clean_path(path: str) -> str:
    """Without empty parts and dots; a slash at the end stays."""
    if not path.startswith("/"):
        return path  # an absolute-form target, or `*`
    clean = posixpath.normpath("/" + path.lstrip("/"))
    return f"{clean}/" if path.endswith("/") and clean != "/" else clean
