"""What a connection of type ``vcc`` says: a pure value, checked field by field.

Each mistake is a ``VccConfigurationError`` that names the field and says what to write, without showing a secret.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from airflow_provider_vcc.dispositions.http.proxies import basic, read_proxy
from airflow_provider_vcc.exceptions import VccConfigurationError, without_causes
from airflow_provider_vcc.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Settings", "is_loopback"]

DOMAIN = "asp.virtual-call-center.eu"
LONGEST_TIMEOUT = 86_400
CERT = 'write the path of a PEM file with certificate and key, or {"cert": "cert.pem", "key": "key.pem"}'
_EXAMPLES = {"Extra cert": CERT, "Extra proxies": 'write {"https": "http://proxy:3128"} or one URL'}
EXTRA_FIELDS = ("timezone", "timeout", "connect_timeout", "verify", "cert", "proxies", "username")
PROXY_KEYS = ("https", "http", "all", "no_proxy")
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE | re.ASCII)
HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?\.?", re.IGNORECASE | re.ASCII)
PATH = re.compile(r"(/[a-z0-9._~!$&'()*+,;=:@%-]*)*", re.IGNORECASE | re.ASCII)


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
            username=_checked_user("Extra username", _text(extra.get("username"))) or customer,
            token=_token(connection.password),
            base_url=_base_url(connection, customer),
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


def is_loopback(host: str | None) -> bool:
    """Return whether a host name or address can only be this machine: 127.0.0.0/8, ::1 or localhost."""
    if host is None:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _wrong(where: str, what: str, write: str) -> VccConfigurationError:
    return VccConfigurationError(f"{where} {what}; {write}", field=where)


def _refuse_other_types(connection: object) -> None:
    kind = _text(getattr(connection, "conn_type", None))
    if kind not in {"", "vcc"}:
        raise _wrong(
            "Connection Type", f"is {_shown(kind)}, not 'vcc'", "name a connection of the type VCC Live in vcc_conn_id"
        )


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."  # noqa: PLR2004 -- what fits a line


def _extra(extra: object) -> Mapping[str, object]:
    if isinstance(extra, str | bytes) and extra.strip():
        try:
            extra = json.loads(extra)
        except ValueError:
            raise _wrong("Extra", "is not JSON", 'write an object such as {"timezone": "Europe/Budapest"}') from None
    if not extra:
        return {}
    if not isinstance(extra, dict):
        raise _wrong("Extra", "is not a JSON object", 'write an object such as {"timezone": "Europe/Budapest"}')
    return extra


def _unknown(name: str) -> str:
    near = nearest(name, EXTRA_FIELDS)
    meant = f"did you mean {near!r}?" if near else f"known are {', '.join(EXTRA_FIELDS)}"
    return f"Extra has {_shown(name)}, which means nothing here: {meant}"


def _customer(connection: Given) -> str:
    login = _text(connection.login)
    if not login:
        raise _wrong(
            "Login", "is empty", f"write the customer: the part before .{DOMAIN} in the address of your VCC Live"
        )
    if not _text(connection.host) and not LABEL.fullmatch(login):
        if login.lower().removeprefix("https://").split("/")[0].endswith(f".{DOMAIN}"):
            raise _wrong("Login", "is a whole address", f"write only the part before .{DOMAIN}, such as mycc")
        raise _wrong("Login", "cannot be a subdomain", "write the customer: letters, digits and hyphens, such as mycc")
    return _checked_user("Login", login)


def _checked_user(where: str, user: str) -> str:
    if ":" in user or not user.isprintable():
        raise _wrong(where, "has a colon or a control character", "HTTP Basic authentication allows neither")
    return user


def _token(password: object) -> str:
    token = _text(password)
    if not token:
        raise _wrong("Password", "is empty", "write the API token that was made in VCC Live")
    if not token.isprintable():
        raise _wrong("Password", "has a line break or control character in it", "paste the API token alone")
    return token


def _base_url(connection: Given, customer: str) -> str:
    parts = _split_host(_text(connection.host) or f"{customer.lower()}.{DOMAIN}")
    if parts.scheme not in {"https", "http"}:
        raise _wrong("Host", "is neither a host name nor an https:// address", f"write {_example(customer)}")
    host = _host_name(parts)
    if parts.scheme == "http" and not is_loopback(host):
        raise _wrong(
            "Host",
            f"is http://{host}, which would send the token over the network in plain text",
            "write https://, or leave Host empty; http:// is for a sandbox on 127.0.0.1, ::1 or localhost",
        )
    port = _port(connection.port, parts)
    netloc = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{netloc}{f':{port}' if port else ''}{_path(parts)}"


def _example(customer: str) -> str:
    return (
        f"a host name such as {customer.lower() if LABEL.fullmatch(customer) else 'mycc'}.{DOMAIN}, or leave it empty"
    )


def _split_host(text: str) -> SplitResult:
    if "://" not in text:
        text = f"https://{f'[{text}]' if _is_bare_ipv6(text) else text}"
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 -- raises where it is none
    except ValueError:
        raise _wrong("Host", "is not an address", "write a host name, host:port or a base URL") from None
    if parts.username is not None or parts.password is not None:
        raise _wrong("Host", "has credentials in it", "write them in Login and Password, and only the host here")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise _wrong("Host", "has a query or a fragment", "write the address only up to its path")
    return parts


def _is_bare_ipv6(text: str) -> bool:
    try:
        return ip_address(text).version == 6  # noqa: PLR2004 -- the name of the protocol
    except ValueError:
        return False


def _host_name(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if not (_is_bare_ipv6(host) if ":" in host else HOST_NAME.fullmatch(host)) or ".." in host:
        raise _wrong("Host", "is not a host name", "write letters, digits, hyphens and dots only, or an IP address")
    return host


def _port(value: object, parts: SplitResult) -> int | None:
    text = _text(value)
    if text in {"", "0"}:
        return parts.port
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65_536:  # noqa: PLR2004 -- 16 bits
        raise _wrong("Port", f"is {_shown(value)}", "write a number from 1 to 65535, or leave it empty")
    port = int(text)
    if parts.port not in {None, port}:
        raise _wrong("Port", f"is {port} where Host says {parts.port}", "leave one of them out")
    return port


def _path(parts: SplitResult) -> str:
    path = parts.path.rstrip("/")
    if not PATH.fullmatch(path) or ".." in path.split("/"):
        raise _wrong("Host", "has a path that cannot be sent", "write the address up to /v2, or the host name alone")
    return path if path.endswith("/v2") else f"{path}/v2"


def _timezone(value: object) -> str | None:
    name = _text(value)
    if not name:
        return None
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        example = nearest(name, available_timezones()) or "Europe/Budapest"
        write = f"write an IANA name such as {example!r}"
        raise _wrong("Extra timezone", f"is {_shown(value)}, which is not a time zone", write) from None
    return name


def _seconds(name: str, value: Any, default: float) -> float:
    if value is None or value == "":
        return default
    try:
        seconds = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 < seconds <= LONGEST_TIMEOUT:
        raise _wrong(f"Extra {name}", f"is {_shown(value)}", f"write seconds as a number above 0, such as {default:g}")
    return seconds


def _verify(value: object) -> bool | str:
    if isinstance(value, bool):
        return value
    text = _text(value)
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
        raise _wrong("Extra verify", str(error).partition("; ")[0].removeprefix("the CA bundle "), write) from None
    return text


def _cert(value: object) -> str | tuple[str, str] | None:
    given = _object_or_text("Extra cert", value)
    if isinstance(given, str):
        cert: str | tuple[str, str] = given
    else:
        unknown = given.keys() - {"cert", "key"}
        file, key = _text(given.get("cert")), _text(given.get("key"))
        if unknown or (given and not file):
            raise _wrong("Extra cert", "is not a path and has other keys than cert and key", CERT)
        cert = (file, key) if key else file
    if cert:
        _check_cert(cert)
    return cert or None


def _check_cert(cert: str | tuple[str, str]) -> None:
    from airflow_provider_vcc.dispositions.http.route import tls_context

    try:
        tls_context(verify=False, cert=cert)
    except VccConfigurationError as error:
        raise VccConfigurationError(f"Extra cert: {error}", field="Extra cert") from None


def _object_or_text(where: str, value: object) -> str | Mapping[str, object]:
    """Read a field that is a text, or an object, which the form holds as JSON."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            raise _wrong(where, "is not JSON, though it begins so", _EXAMPLES[where]) from None
    if value is None or isinstance(value, str):
        return _text(value)
    if not isinstance(value, dict):
        raise _wrong(where, "is neither a text nor an object", _EXAMPLES[where])
    return value


def _proxies(value: object) -> dict[str, str]:
    given = _object_or_text("Extra proxies", value)
    if isinstance(given, str):
        given = dict.fromkeys(("http", "https"), given)
    return {_proxy_key(key): _proxy(key, _text(url)) for key, url in given.items() if _text(url)}


def _proxy_key(key: object) -> str:
    if key not in PROXY_KEYS:
        raise _wrong("Extra proxies", f"has the key {_shown(key)}", f"write one of {', '.join(PROXY_KEYS)}")
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
            raise _wrong(
                "Extra proxies",
                "would carry the token to another machine in plain text, since Host is http://",
                "leave proxies empty for a sandbox on this machine",
            )
