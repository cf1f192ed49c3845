"""Bodies of replies that are not as they should be."""

from __future__ import annotations

import gzip
import json

from tests.support.wire_server import (
    Script,
    last,
    part,
    reply,
)

HTML = "<html><head><title>Sign in</title></head><body>no</body></html>"
HTML_KIND = {"content-type": "text/html", "server": "nginx/1.25"}


def compressed(endpoint: str) -> Script:
    body = b"".join(json.dumps(each).encode() + b"\n" for each in (part(endpoint, "A red"), last(endpoint, " circle.")))
    return reply(200, gzip.compress(body), {"content-encoding": "gzip"})
