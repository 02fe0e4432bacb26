"""Certificates made at startup, for clients that insist on HTTPS (the extra `tls`)."""

import importlib
import ssl
from pathlib import Path
from typing import Any

from mockserver.errors import UsageError

ALWAYS = ("localhost", "127.0.0.1", "::1")


def self_signed(host: str, folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return the TLS context, and the file with the authority that clients must trust.

    Args:
        host: A name or address of the server, besides those of loopback.
        folder: Where that file goes; the private key is never kept on disk.

    Raises:
        UsageError: The extra `tls` is not installed, or the folder cannot be written to.

    """
    try:
        trustme: Any = importlib.import_module("trustme")
    except ImportError as error:
        hint = "pip install 'llm-mockserver[tls]'"
        raise UsageError(f"--tls needs trustme, which is not installed: {hint}") from error
    authority = trustme.CA(organization_name="llm-mockserver")
    names = dict.fromkeys([*ALWAYS, *([host] if host not in {"0.0.0.0", "::"} else [])])  # noqa: S104 - not bound to here
    certificate = authority.issue_cert(*names)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    file = folder / "mockserver-ca.pem"
    try:
        file.write_bytes(authority.cert_pem.bytes())
    except OSError as error:
        what = f"the authority cannot be written to '{file}': {error.strerror}"
        raise UsageError(what) from error
    return context, file
