"""The ``requests.Session`` of a connection: its credentials go to one host, and nothing from outside changes that."""

from __future__ import annotations

import os
from http.cookiejar import DefaultCookiePolicy
from math import inf
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from requests.utils import get_environ_proxies, should_bypass_proxies

from airflow_provider_vcc import __version__
from airflow_provider_vcc.dispositions.http.adapter import VccAdapter
from airflow_provider_vcc.dispositions.http.proxies import DEFAULT_PORTS
from airflow_provider_vcc.exceptions import VccConfigurationError, VccError
from airflow_provider_vcc.hooks.address import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import PreparedRequest, Response

    from airflow_provider_vcc.dispositions.http.route import Route
    from airflow_provider_vcc.hooks.connection import Settings

__all__ = ["VccSession"]

HEADERS = {
    "User-Agent": f"airflow-provider-vcc/{__version__} requests/{requests.__version__}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
}


class OneHostAuth(AuthBase):
    """HTTP Basic authentication that refuses any other host than its own."""

    def __init__(self, settings: Settings) -> None:
        self._authorization = settings.authorization
        self._origin = settings.origin

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if _origin(request.url) != _origin(self._origin):
            raise VccConfigurationError(
                f"this session sends its credentials to {self._origin} only; use another one for other addresses"
            )
        request.headers["Authorization"] = self._authorization
        return request


def _origin(url: str | None) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url or "")
    return parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS.get(parts.scheme)


class VccSession(requests.Session):
    """Authenticated, kept alive, verified; follows no redirect, keeps no cookie and always has a time-out.

    Of the environment it takes proxies and CA bundles where the connection has none of its own, and never ``.netrc``,
    whose credentials would take the place of ours.

    :param pool_size: the most connections at a time, all of which are kept.
    :param longest: the most seconds that a request takes, connecting included.
    """

    def __init__(self, settings: Settings, pool_size: int, longest: float = inf) -> None:
        super().__init__()
        self.settings = settings
        self.auth = self._one_host = OneHostAuth(settings)
        self.trust_env = False
        self.verify = settings.verify
        self.cert = settings.cert
        self.proxies = dict(settings.proxies)
        self.headers.update(HEADERS)
        # A PHP session cookie would make the server handle our parallel requests one after another.
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self._adapter = VccAdapter(pool_size, longest)
        self.mount("https://", self._adapter)
        self.mount("http://", self._adapter)

    @property
    def route(self) -> Route:
        """The way to the connection's host, as the environment is now."""
        url = self.settings.base_url
        given = self.merge_environment_settings(url, {}, None, None, None)
        return self._adapter.exchange(url, proxies=given["proxies"], verify=given["verify"], cert=given["cert"]).route

    def request(self, *request: Any, **options: Any) -> Response:
        """Send a request as requests does.

        :raises VccError: if there is no answer that can be read, or no way to the server.
        """
        try:
            return super().request(*request, **options)
        except VccError as failed:
            error = failed
        raise error.with_traceback(None)  # which would hold the proxy with its password

    def send(self, request: PreparedRequest, **options: Any) -> Response:
        """Send with the connection's time-outs where the call gives none.

        :raises VccConfigurationError: if the credentials would go to another host, since the URL was changed.
        """
        if request.headers.get("Authorization") == self.settings.authorization:
            self._one_host(request)
        if options.get("timeout") is None:
            options["timeout"] = (self.settings.connect_timeout, self.settings.timeout)
        return super().send(request, **options)

    def __getstate__(self) -> dict[str, object]:
        """Refuse to be pickled or copied: that would write the credentials down, or share what is not to be shared."""
        raise VccConfigurationError("a session holds the token, and is not pickled or copied; hand on the hook instead")

    def get_redirect_target(self, _response: Response) -> None:
        """Find no redirect to follow, whatever the answer says."""

    def merge_environment_settings(
        self, url: str | bytes | None, proxies: object, stream: object, verify: object, cert: object
    ) -> Any:
        """Let the call win over the connection, and the connection over the environment."""
        verify = self.verify if verify is None else verify
        if verify is True:
            verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        return {
            "proxies": proxies or proxies_for(str(url), self.proxies),
            "stream": self.stream if stream is None else stream,
            "verify": verify,
            "cert": self.cert if cert is None else cert,
        }


def proxies_for(url: str, given: Mapping[str, str]) -> dict[str, str]:
    """Choose the proxies: those of the connection, else those of the environment.

    ``no_proxy`` of the connection bypasses either. Over plain http, only a proxy of the environment on this machine is
    used: the token must not leave it unencrypted.
    """
    if "no_proxy" in given and should_bypass_proxies(url, no_proxy=given["no_proxy"]):
        return {}
    proxies = {key: proxy for key, proxy in given.items() if key != "no_proxy"}
    if proxies:
        return proxies
    found = get_environ_proxies(url)
    if url.startswith("https://"):
        return found
    return {key: proxy for key, proxy in found.items() if is_loopback(_host_of(proxy))}


def _host_of(proxy: str) -> str | None:
    try:
        return urlsplit(proxy if "://" in proxy else f"http://{proxy}").hostname
    except ValueError:
        return None
