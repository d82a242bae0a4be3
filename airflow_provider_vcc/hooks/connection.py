"""What a connection of type ``vcc`` says: a pure value, checked field by field.

Each mistake is a ``VccConfigurationError`` that names the field and says what to write, without showing a secret.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from airflow_provider_vcc.dispositions.http.attempt import LONGEST_TIMEOUT, timeout_of
from airflow_provider_vcc.dispositions.http.proxies import basic, read_proxy
from airflow_provider_vcc.exceptions import VccConfigurationError, without_causes
from airflow_provider_vcc.hooks.address import DOMAIN, base_url, is_label, is_loopback
from airflow_provider_vcc.hooks.fields import shown, text_of, wrong
from airflow_provider_vcc.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Settings"]

CERT = 'write the path of a PEM file with certificate and key, or {"cert": "cert.pem", "key": "key.pem"}'
_EXAMPLES = {"Extra cert": CERT, "Extra proxies": 'write {"https": "http://proxy:3128"} or one URL'}
EXTRA_FIELDS = ("timezone", "timeout", "connect_timeout", "verify", "cert", "proxies", "username")
KEYS = "SSLKEYLOGFILE"
"""The machine's, and no field's."""
PROXY_KEYS = ("https", "http", "all", "no_proxy")


class Given(Protocol):
    """What is read of Airflow's connection, which may hold anything."""

    @property
    def host(self) -> object: ...
    @property
    def port(self) -> object: ...
    @property
    def login(self) -> object: ...
    @property
    def password(self) -> object: ...
    @property
    def extra(self) -> object: ...


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A connection that can work. Secrets stand in no ``repr``.

    ``base_url`` goes up to and with ``/v2``, times are in seconds, ``timezone`` is an IANA name, ``verify`` a bool or
    the path of a CA bundle, ``cert`` the path of a client certificate with its key or the paths of both, ``proxies``
    what requests calls so, ``unknown`` the names in Extra that mean nothing here.
    """

    customer: str
    username: str
    token: str = field(repr=False)
    base_url: str
    timezone: str | None = None
    timeout: float = 60.0
    connect_timeout: float = 10.0
    verify: bool | str = True
    cert: str | tuple[str, str] | None = field(default=None, repr=False)
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    unknown: tuple[str, ...] = ()

    @classmethod
    @without_causes()
    def from_connection(cls, connection: Given) -> Settings:
        """Read a connection's fields; ``None`` and empty text mean the default.

        :raises VccConfigurationError: with ``field`` naming the first field that cannot work.
        """
        _refuse_other_types(connection)
        extra = _extra(connection.extra)
        customer = _customer(connection)
        settings = cls(
            customer=customer,
            username=_checked_user("Extra username", text_of(extra.get("username"))) or customer,
            token=_token(connection.password),
            base_url=base_url(connection.host, connection.port, customer),
            timezone=_timezone(extra.get("timezone")),
            timeout=_seconds("timeout", extra.get("timeout"), cls.timeout),
            connect_timeout=_seconds("connect_timeout", extra.get("connect_timeout"), cls.connect_timeout),
            verify=_verify(extra.get("verify")),
            cert=_cert(extra.get("cert")),
            proxies=_proxies(extra.get("proxies")),
            unknown=tuple(sorted(extra.keys() - set(EXTRA_FIELDS))),
        )
        _refuse_plain_text_proxies(settings)
        return settings

    @property
    def authorization(self) -> str:
        """The value of the ``Authorization`` header."""
        return "Basic " + basic(self.username, self.token)

    @property
    def origin(self) -> str:
        """Scheme, host and port, without a path."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def secrets(self) -> list[str]:
        """All that must be masked wherever it may appear."""
        secrets = [self.token, basic(self.username, self.token)]
        for key, url in self.proxies.items():
            written = None if key == "no_proxy" else urlsplit(url).password
            if written:
                proxy = read_proxy(url, "Extra proxies")
                secrets += [written, proxy.password or "", basic(proxy.user or "", proxy.password or "")]
        return list(dict.fromkeys(secrets))

    def hints(self) -> list[str]:
        """Return what in the connection is probably a mistake."""
        return [_unknown(name) for name in self.unknown]

    def with_longest_wait(self, seconds: float) -> Settings:
        """Return the same settings, with no time-out longer than this."""
        return replace(self, timeout=min(self.timeout, seconds), connect_timeout=min(self.connect_timeout, seconds))


def _refuse_other_types(connection: object) -> None:
    kind = text_of(getattr(connection, "conn_type", None))
    if kind not in {"", "vcc"}:
        raise wrong(
            "Connection Type", f"is {shown(kind)}, not 'vcc'", "name a connection of the type VCC Live in vcc_conn_id"
        )


def _extra(extra: object) -> Mapping[str, object]:
    if isinstance(extra, str | bytes) and extra.strip():
        try:
            extra = json.loads(extra)
        except (ValueError, RecursionError):
            raise wrong("Extra", "is not JSON", 'write an object such as {"timezone": "Europe/Budapest"}') from None
    if not extra:
        return {}
    if not isinstance(extra, dict):
        raise wrong("Extra", "is not a JSON object", 'write an object such as {"timezone": "Europe/Budapest"}')
    return extra


def _unknown(name: str) -> str:
    near = nearest(name, EXTRA_FIELDS)
    meant = f"did you mean {near!r}?" if near else f"known are {', '.join(EXTRA_FIELDS)}"
    return f"Extra has {shown(name)}, which means nothing here: {meant}"


def _customer(connection: Given) -> str:
    login = text_of(connection.login)
    if not login:
        raise wrong(
            "Login", "is empty", f"write the customer: the part before .{DOMAIN} in the address of your VCC Live"
        )
    if not text_of(connection.host) and not is_label(login):
        if login.lower().removeprefix("https://").split("/")[0].endswith(f".{DOMAIN}"):
            raise wrong("Login", "is a whole address", f"write only the part before .{DOMAIN}, such as mycc")
        raise wrong("Login", "cannot be a subdomain", "write the customer: letters, digits and hyphens, such as mycc")
    return _checked_user("Login", login)


def _checked_user(where: str, user: str) -> str:
    if ":" in user or not user.isprintable():
        raise wrong(where, "has a colon or a control character", "HTTP Basic authentication allows neither")
    return user


def _token(password: object) -> str:
    token = text_of(password)
    if not token:
        raise wrong("Password", "is empty", "write the API token that was made in VCC Live")
    if not token.isprintable():
        raise wrong("Password", "has a line break or control character in it", "paste the API token alone")
    return token


def _timezone(value: object) -> str | None:
    name = text_of(value)
    if not name:
        return None
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        example = nearest(name, available_timezones()) or "Europe/Budapest"
        write = f"write an IANA name such as {example!r}"
        raise wrong("Extra timezone", f"is {shown(value)}, which is not a time zone", write) from None
    return name


def _seconds(name: str, value: Any, default: float) -> float:
    if value is None or value == "":
        return default
    seconds = timeout_of(value)
    if not seconds <= LONGEST_TIMEOUT:
        raise wrong(f"Extra {name}", f"is {shown(value)}", f"write seconds as a number above 0, such as {default:g}")
    return seconds


def _verify(value: object) -> bool | str:
    if isinstance(value, bool):
        return value
    text = text_of(value)
    if text.lower() in {"", "true"}:
        return True
    if text.lower() == "false":
        return False
    return _ca_bundle(text)


def _ca_bundle(text: str) -> str:
    from airflow_provider_vcc.dispositions.http.route import tls_context

    write = "write true, false, or the path of a CA bundle (PEM) on the machine of the worker"
    try:
        tls_context(text)
    except VccConfigurationError as error:
        if str(error).startswith(KEYS):
            raise
        raise wrong("Extra verify", str(error).partition("; ")[0].removeprefix("the CA bundle "), write) from None
    return text


def _cert(value: object) -> str | tuple[str, str] | None:
    given = _object_or_text("Extra cert", value)
    if isinstance(given, str):
        cert: str | tuple[str, str] = given
    else:
        unknown = given.keys() - {"cert", "key"}
        file, key = text_of(given.get("cert")), text_of(given.get("key"))
        if unknown or (given and not file):
            raise wrong("Extra cert", "is not a path and has other keys than cert and key", CERT)
        cert = (file, key) if key else file
    if cert:
        _check_cert(cert)
    return cert or None


def _check_cert(cert: str | tuple[str, str]) -> None:
    from airflow_provider_vcc.dispositions.http.route import tls_context

    try:
        tls_context(verify=False, cert=cert)
    except VccConfigurationError as error:
        if str(error).startswith(KEYS):
            raise
        raise VccConfigurationError(f"Extra cert: {error}", field="Extra cert") from None


def _object_or_text(where: str, value: object) -> str | Mapping[str, object]:
    """Read a field that is a text, or an object, which the form holds as JSON."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise wrong(where, "is not JSON, though it begins so", _EXAMPLES[where]) from None
    if value is None or isinstance(value, str):
        return text_of(value)
    if not isinstance(value, dict):
        raise wrong(where, "is neither a text nor an object", _EXAMPLES[where])
    return value


def _proxies(value: object) -> dict[str, str]:
    given = _object_or_text("Extra proxies", value)
    if isinstance(given, str):
        given = dict.fromkeys(("http", "https"), given)
    return {_proxy_key(key): _proxy(key, text_of(url)) for key, url in given.items() if text_of(url)}


def _proxy_key(key: object) -> str:
    if key not in PROXY_KEYS:
        raise wrong("Extra proxies", f"has the key {shown(key)}", f"write one of {', '.join(PROXY_KEYS)}")
    return str(key)


def _proxy(key: str, url: str) -> str:
    if key == "no_proxy":
        return url
    where = f"Extra proxies, {key},"
    try:
        read_proxy(url, where)
    except VccConfigurationError as error:
        raise VccConfigurationError(str(error), field=where) from None
    return url if "://" in url else f"http://{url}"


def _refuse_plain_text_proxies(settings: Settings) -> None:
    """Refuse a way on which the token would leave this machine in plain text."""
    is_plain = settings.base_url.startswith("http://")
    for key in ("http", "all") if is_plain else ():
        if key in settings.proxies and not is_loopback(urlsplit(settings.proxies[key]).hostname):
            raise wrong(
                "Extra proxies",
                "would carry the token to another machine in plain text, since Host is http://",
                "leave proxies empty for a sandbox on this machine",
            )
