"""No test of this room goes by the proxies of this machine; those of TLS share an authority."""

from __future__ import annotations

import pytest
import trustme

from tests.support.command_line import PROXIES


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()
