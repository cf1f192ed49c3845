"""httpx, imported when the first request is made: making an object makes none.

It costs 25 ms, and 100 where rich and click are installed: it loads its own command line with itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httpx import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        import httpx

        globals()[name] = value = getattr(httpx, name)
        return value
