"""Pictures from URLs, within limits, and never from an address that was not checked.

A name is resolved once, all its addresses are checked, and the connection goes to one that was: a name server
that answers differently the second time gains nothing. The same again after each redirect.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ollama_vision.errors import ImageFetchError

from ..error_words import message, redact_url
from ..options import ImageOptions
from .ssrf import resolve_address, why_not_public

if TYPE_CHECKING:
    import httpx2

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_USER_AGENT = "llama-index-multi-modal-llms-ollama (+https://pypi.org/project/llama-index-multi-modal-llms-ollama/)"


def fetch(url: str, options: ImageOptions, *, where: str) -> bytes:
    """The body that an http(s) URL gives, whole. Raises ImageFetchError."""
    return _Fetch(url, options, where).run()


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """Certificates are checked against the names in the URLs; making a context takes 20 ms, so there is one."""
    import httpx2

    return httpx2.create_ssl_context()


class _Fetch:
    def __init__(self, url: str, options: ImageOptions, where: str) -> None:
        self.url, self.options, self.where = url, options, where
        self.deadline = time.monotonic() + options.url_timeout

    def run(self) -> bytes:
        import httpx2

        try:
            target = httpx2.URL(self.url.strip())
            for _ in range(self.options.url_max_redirects + 1):
                answer = self._hop(target)
                if isinstance(answer, bytes):
                    return answer
                target = target.join(answer)
        except httpx2.InvalidURL as error:
            raise self.error("is not a URL that can be read", "Look for spaces and missing slashes.") from error
        most = self.options.url_max_redirects
        raise self.error(
            f"redirects more than {most} times", "Give the address that it ends at, or raise url_max_redirects."
        )

    def error(self, problem: str, way_out: str = "", status: int | None = None) -> ImageFetchError:
        source = redact_url(self.url)
        text = message(self.where, source, problem, way_out)
        return ImageFetchError(text, where=self.where, source=source, status=status)

    def remaining(self) -> float:
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            raise self.too_slow()
        return seconds

    def too_slow(self) -> ImageFetchError:
        return self.error(
            f"did not come within {self.options.url_timeout:g} s",
            "Raise ImageOptions(url_timeout=...), or fetch it yourself and pass the bytes.",
        )

    def _hop(self, target: httpx2.URL) -> bytes | str:
        """The body, or where the server sends us next."""
        if not target.scheme:
            raise self.error("is not a URL: it begins with no http: or https:", "If it is a file, give it as path=.")
        if target.scheme not in ("http", "https"):
            raise self.error(
                f"leads to {target.scheme}:, and only http: and https: are fetched",
                "Pass a path or the bytes instead.",
            )
        host = target.raw_host.decode("ascii")
        if not host:
            raise self.error("names no host", "Look for missing slashes.")
        import httpx2

        failure: Exception | None = None
        for address in self._checked_addresses(host, target):
            try:
                return self._ask(target, host, address)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                self.remaining()
                failure = error  # the next address of the same name may be up
            except httpx2.TimeoutException as error:
                raise self.too_slow() from error
            except httpx2.HTTPError as error:
                self.remaining()
                raise self.error(f"broke off while it was fetched: {error}", "Try again.") from error
        raise self.error(
            f"cannot be reached at {host}: {failure}", "Is the address right, and the server up?"
        ) from failure

    def _checked_addresses(self, host: str, target: httpx2.URL) -> list[str]:
        port = target.port or (443 if target.scheme == "https" else 80)
        try:
            addresses = resolve_address(host, port, self.remaining())
        except TimeoutError as error:
            raise self.too_slow() from error
        except OSError as error:
            raise self.error(f"is on a host that cannot be found: {host} ({error})", "Is it spelt right?") from error
        if not self.options.allow_private_urls:
            for address in addresses:
                if what := why_not_public(address):
                    raise self.error(
                        f"leads to {host}, which is {what} ({address})",
                        "If that is meant: ImageOptions(allow_private_urls=True).",
                    )
        return addresses

    def _ask(self, target: httpx2.URL, host: str, address: str) -> bytes | str:
        import httpx2

        with self._watchdog() as trace:
            secure = target.scheme == "https"
            transport = httpx2.HTTPTransport(verify=tls_context() if secure else False, trust_env=False)
            with httpx2.Client(transport=transport, trust_env=False, timeout=self.remaining()) as client:
                request = client.build_request(
                    "GET",
                    target.copy_with(host=address, fragment=None),
                    headers={
                        "Host": target.netloc.decode("ascii"),
                        "Accept": "image/*, */*;q=0.5",
                        # So that the cap on bytes is a cap on what is held, too.
                        "Accept-Encoding": "identity",
                        "User-Agent": _USER_AGENT,
                    },
                    extensions={"sni_hostname": host, "trace": trace},
                )
                response = client.send(request, stream=True)
                try:
                    return self._answer(response)
                finally:
                    response.close()

    def _answer(self, response: httpx2.Response) -> bytes | str:
        status = response.status_code
        if status in _REDIRECTS and (location := response.headers.get("location")):
            return str(location)
        if status != 200:
            hint = {401: "It wants a login.", 403: "It may want a login.", 404: "Is the address right?"}
            raise self.error(f"gave status {status}, not the picture", hint.get(status, "Try again later."), status)
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise self.error("came compressed, unasked", "Fetch it yourself and pass the bytes.", status)
        most = self.options.url_max_bytes
        too_large = self.error(
            f"is larger than {most:,} bytes", "Raise ImageOptions(url_max_bytes=...), or pass a smaller one.", status
        )
        declared = response.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > most:
            raise too_large
        body = bytearray()
        for piece in response.iter_raw():
            body += piece
            self.remaining()
            if len(body) > most:
                raise too_large
        # A body without a length ends where the connection does, also when it was the watchdog that ended it.
        self.remaining()
        return bytes(body)

    @contextmanager
    def _watchdog(self) -> Iterator[Any]:
        """Cuts the connection at the deadline: httpx2's own limits start anew with every byte that drips in."""
        sockets: list[socket.socket] = []

        def trace(event: str, info: dict[str, Any]) -> None:
            if event == "connection.connect_tcp.complete":
                # A duplicate, since TLS takes the first one's handle away; both are one connection.
                sockets.append(info["return_value"].get_extra_info("socket").dup())

        def cut() -> None:
            for connection in sockets:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    return  # already closed by the other side: nothing is left to wait for

        timer = threading.Timer(self.remaining(), cut)
        timer.daemon = True
        timer.start()
        try:
            yield trace
        finally:
            timer.cancel()
            for connection in sockets:
                connection.close()
