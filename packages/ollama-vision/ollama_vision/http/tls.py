"""TLS contexts: which authorities are trusted, and with which client certificate (mTLS) we say who we are."""

from __future__ import annotations

import ssl

from ollama_vision import errors

Certificate = str | tuple[str, str]
"""A file in PEM with certificate and key, or one file for each."""


def tls_context(verify: bool | str, cert: Certificate | None) -> ssl.SSLContext:
    """A context costs 20 ms: none is made for plain http.

    Raises:
        ConnectionFailedError: a file is not there, or is none of what it should be.
    """
    context = _server_context(verify)
    if cert is None:
        return context
    files = (cert,) if isinstance(cert, str) else cert
    try:
        context.load_cert_chain(files[0], files[-1], password=_no_password)
    except _Locked as cause:
        raise _certificate_error(
            files, "its key is locked with a password. Unlock it: openssl pkey -in key.pem -out open.pem"
        ) from cause
    except OSError as cause:  # ssl.SSLError is one
        raise _certificate_error(
            files, f"{_words(cause)}. It takes PEM files: one with certificate and key, or both"
        ) from cause
    return context


def _server_context(verify: bool | str) -> ssl.SSLContext:
    if not isinstance(verify, str):
        import httpx2  # for the authorities that it brings, or the environment names

        return httpx2.create_ssl_context(verify=verify)
    try:
        return ssl.create_default_context(cafile=verify)
    except OSError as cause:
        raise errors.ConnectionFailedError(
            f"verify is {verify!r}, which is no file of certificates ({cause}). It takes the path of a CA file in PEM."
        ) from cause


class _Locked(Exception):
    """OpenSSL asks for a password."""


def _no_password() -> str:
    raise _Locked  # without this, OpenSSL asks on the terminal and waits


def _certificate_error(files: tuple[str, ...], why: str) -> errors.ConnectionFailedError:
    return errors.ConnectionFailedError(f"cert is {' and '.join(map(repr, files))}, which cannot be used: {why}.")


def _words(cause: OSError) -> str:
    return cause.strerror or str(cause)


def refusal(url: str, cause: ssl.SSLError, cert: Certificate | None = None) -> str:
    """Why there is no trusted connection to a server, and the way out, in words. `cert` is what was shown to it."""
    began = f"No trusted connection to {url}: "
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = (cause.verify_message or str(cause)).rstrip(".")
        return f"{began}{why}. {_WAYS_OUT.get(cause.verify_code, _OWN_AUTHORITY)}"
    said = str(cause)
    if any(words in said for words in _NOT_TLS):
        return (
            f"{began}the port does not speak TLS ({said}). Write http:// instead of https://, or give the port of TLS."
        )
    if cert is not None and any(words in said for words in _NO_CERTIFICATE):
        return f"{began}it does not take the client certificate ({said}). Ask whose certificates it takes."
    if any(words in said for words in _NO_CERTIFICATE):
        return f"{began}it asks who you are ({said}). Pass a client certificate: cert=('client.pem', 'key.pem')."
    return f"{began}{said}. Look at the TLS settings of the server, or of the proxy before it."


_OWN_AUTHORITY = "For a certificate of your own pass verify='/path/to/ca.pem'."
_WRONG_NAME = "Use the name that the certificate is for, or get a certificate for this one."
_WAYS_OUT = {
    9: "It is not valid yet: look at the clocks of this machine and of the server.",
    10: "Renew the server's certificate, and look at this machine's clock.",
    62: _WRONG_NAME,
    64: _WRONG_NAME,
}
"""By OpenSSL's X509_V_ERR numbers (openssl-verification-options): 9 not yet valid, 10 expired, 62 and 64 another name
and another address. All others are about who signed it."""
_NOT_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")
_NO_CERTIFICATE = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "BAD_CERTIFICATE", "UNKNOWN_CA", "CERTIFICATE_EXPIRED")
