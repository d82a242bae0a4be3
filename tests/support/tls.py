"""What a server on this machine needs for TLS, and a client that trusts it: fixtures."""

from __future__ import annotations

import ssl

import pytest
import trustme

__all__ = ["authority", "bundle", "tls"]


@pytest.fixture(scope="session")
def authority():
    """Return a certificate authority that only we trust."""
    return trustme.CA()


@pytest.fixture(scope="session")
def bundle(authority, tmp_path_factory):
    """Return the file of that authority's certificate."""
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture(scope="session")
def tls(authority):
    """Return a server's TLS context for 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context
