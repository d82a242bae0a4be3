"""Each field of a connection: what it may hold, and what a mistake in it is answered with."""

from __future__ import annotations

import json
import os
import re
import sys
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.hooks.address import is_loopback
from airflow_provider_vcc.hooks.connection import Settings

TOKEN = "t0ken-that-nobody-may-see"


def read(login="mycc", password=TOKEN, host=None, port=None, extra=None):
    extra = extra if extra is None or isinstance(extra, str) else json.dumps(extra)
    return Settings.from_connection(SimpleNamespace(login=login, password=password, host=host, port=port, extra=extra))


def mistake(**fields):
    """Return the message about a connection that cannot work."""
    with pytest.raises(VccConfigurationError) as caught:
        read(**fields)
    assert caught.value.field
    assert str(caught.value).startswith(caught.value.field)
    assert TOKEN not in str(caught.value)
    return str(caught.value)


def test_login_and_token_alone_make_a_connection():
    settings = read()
    assert settings.base_url == "https://mycc.asp.virtual-call-center.eu/v2"
    assert (settings.customer, settings.username, settings.token) == ("mycc", "mycc", TOKEN)
    assert (settings.timeout, settings.connect_timeout, settings.verify) == (60, 10, True)
    assert (settings.timezone, dict(settings.proxies), settings.unknown) == (None, {}, ())


@pytest.mark.parametrize("empty", [None, ""])
def test_null_and_empty_text_mean_the_default_in_every_field(empty):
    names = ("timezone", "timeout", "connect_timeout", "verify", "proxies", "username")
    assert read(host=empty, extra=dict.fromkeys(names, empty)) == read()
    assert read(extra=empty or "") == read(extra="{}") == read(extra="null") == read()


@pytest.mark.parametrize("port", [None, 0, "", "0"])
def test_no_port_and_port_zero_are_the_same(port):
    assert read(port=port).base_url == read().base_url


def test_space_around_pasted_values_is_no_part_of_them():
    settings = read(login=" mycc ", password=f"{TOKEN}\n", host=" https://db.example ")
    assert (settings.customer, settings.token, settings.base_url) == ("mycc", TOKEN, "https://db.example/v2")


def test_the_subdomain_is_lower_case_and_the_user_name_as_it_was_written():
    settings = read(login="MyCC")
    assert (settings.base_url, settings.username) == ("https://mycc.asp.virtual-call-center.eu/v2", "MyCC")


@pytest.mark.parametrize(
    ("host", "port", "base_url"),
    [
        ("db.example", None, "https://db.example/v2"),
        ("db.example", 8443, "https://db.example:8443/v2"),
        ("db.example:8443", None, "https://db.example:8443/v2"),
        ("db.example:8443", 8443, "https://db.example:8443/v2"),
        ("https://db.example/", None, "https://db.example/v2"),
        ("https://db.example/v2", None, "https://db.example/v2"),
        ("https://db.example/v2/", None, "https://db.example/v2"),
        ("https://db.example/vcc", 444, "https://db.example:444/vcc/v2"),
        ("https://DB.Example", None, "https://db.example/v2"),
        ("HTTPS://db.example", None, "https://db.example/v2"),
        ("http://127.0.0.1:8417", None, "http://127.0.0.1:8417/v2"),
        ("http://127.8.9.1", 80, "http://127.8.9.1:80/v2"),
        ("http://localhost", 8417, "http://localhost:8417/v2"),
        ("http://[::1]:8417", None, "http://[::1]:8417/v2"),
        ("::1", 8417, "https://[::1]:8417/v2"),
        ("10.0.0.7", None, "https://10.0.0.7/v2"),
    ],
)
def test_host_is_a_name_or_a_base_url_with_or_without_v2(host, port, base_url):
    assert read(host=host, port=port).base_url == base_url


@pytest.mark.parametrize(
    "host",
    ["http://db.example", "http://10.0.0.7", "http://0.0.0.0", "http://localhost.example", "http://127.0.0.1.nip.io"],
)
def test_plain_http_is_refused_for_any_host_but_loopback(host):
    assert "in plain text; write https://" in mistake(host=host)


@pytest.mark.parametrize(
    ("host", "says"),
    [
        (f"https://mycc:{TOKEN}@db.example", "has credentials in it; write them in Login and Password"),
        (f"mycc:{TOKEN}@db.example", "has credentials in it"),
        (f"https://{TOKEN}@db.example", "has credentials in it"),
        (f"https://db.example?token={TOKEN}", "has a query or a fragment"),
        ("https://db.example/#", "has a query or a fragment"),
        ("ftp://db.example", "is neither a host name nor an https:// address; write a host name such as mycc."),
        ("db.example:port", "is not an address"),
        ("db.example:99999", "is not an address"),
        ("https://[::1", "is not an address"),
        ("https://", "is not a host name"),
        ("https://[fe80::1%25eth0]", "is not a host name"),
        ("fe80::1%eth0", "is not a host name"),
        ("https://db.example:0", "is not an address"),
        ("https:/db.example", "is not an address"),
        ("https//db.example", "is not an address"),
        ("HTTPS//db.example/v2", "is not an address"),
        ("db example", "is not a host name"),
        ("db..example", "is not a host name"),
        ("db.example\\@evil.example", "has credentials in it"),
        ("https://db.example/../v1", "has a path that cannot be sent"),
        ("https://db.example/%2E%2e/v1", "has a path that cannot be sent"),
        ("https://db.example/a b", "has a path that cannot be sent"),
    ],
)
def test_a_host_that_cannot_work_is_refused_with_what_to_write(host, says):
    assert says in mistake(host=host)


@pytest.mark.parametrize("port", ["eighty", -1, 65_536, "1.5", "٣"])
def test_a_port_that_is_none_is_refused(port):
    assert "Port is" in mistake(port=port)
    assert "write a number from 1 to 65535, or leave it empty" in mistake(port=port)


def test_a_port_that_contradicts_the_host_is_refused():
    assert mistake(host="db.example:8443", port=443) == "Port is 443 where Host says 8443; leave one of them out"


@pytest.mark.parametrize("login", [None, "", "  "])
def test_an_empty_login_says_what_the_customer_is(login):
    assert "Login is empty; write the customer: the part before .asp.virtual-call-center.eu" in mistake(login=login)


@pytest.mark.parametrize("login", ["mycc.asp.virtual-call-center.eu", "https://mycc.asp.virtual-call-center.eu/login"])
def test_a_whole_address_as_login_says_which_part_to_write(login):
    assert "write only the part before .asp.virtual-call-center.eu" in mistake(login=login)


@pytest.mark.parametrize("login", ["my cc", "my_cc", "-mycc", "my.cc", "x" * 64, "evil.example/"])
def test_a_login_that_cannot_be_a_subdomain_is_refused_without_showing_it(login):
    message = mistake(login=login)
    assert "cannot be a subdomain" in message
    assert login not in message


def test_with_a_host_the_login_may_be_any_user_name():
    assert read(login="Ann.Example+api@corp", host="db.example").username == "Ann.Example+api@corp"


@pytest.mark.parametrize("within", ["\n", "\r\n", "\t", "\x00", "\u2028"])
def test_a_line_break_in_an_address_is_refused_since_what_is_behind_it_makes_another_host(within):
    assert "Host has a line break or control character in it" in mistake(host=f"db.exam{within}ple")
    assert "is not the address of a proxy" in mistake(extra={"proxies": f"http://u:secret@pro{within}xy:3128"})


@pytest.mark.parametrize("user", ["my:cc", "my\x00cc"])
def test_a_user_name_that_basic_authentication_cannot_carry_is_refused(user):
    assert "Login has a colon or a control character" in mistake(login=user, host="db.example")
    assert "Extra username has a colon or a control character" in mistake(extra={"username": user})


def test_username_takes_the_place_of_the_customer_in_the_credentials_only():
    settings = read(extra={"username": "api"})
    assert (settings.customer, settings.username) == ("mycc", "api")
    assert settings.base_url == "https://mycc.asp.virtual-call-center.eu/v2"


@pytest.mark.parametrize("password", [None, "", " \n"])
def test_an_empty_password_asks_for_the_token(password):
    assert mistake(password=password) == "Password is empty; write the API token that was made in VCC Live"


def test_a_token_with_a_line_break_in_it_is_refused_without_showing_it():
    assert "paste the API token alone" in mistake(password=f"{TOKEN}\r\nX-Evil: 1")


def test_the_credentials_go_out_as_utf_8():
    assert read(password="pässword").authorization == "Basic bXljYzpww6Rzc3dvcmQ="


@pytest.mark.parametrize(("value", "seconds"), [(5, 5), (0.25, 0.25), ("12", 12), ("1.5", 1.5)])
@pytest.mark.parametrize("name", ["timeout", "connect_timeout"])
def test_timeouts_are_seconds_as_number_or_text(name, value, seconds):
    assert getattr(read(extra={name: value}), name) == seconds


@pytest.mark.parametrize("value", [0, -1, "soon", "nan", "inf", True, [60], 1e9])
@pytest.mark.parametrize("name", ["timeout", "connect_timeout"])
def test_a_timeout_that_is_none_is_refused(name, value):
    assert f"Extra {name} is {value!r}; write seconds as a number above 0, such as" in mistake(extra={name: value})


@pytest.mark.parametrize("value", [10**400, -(10**400)], ids=["above", "below"])
@pytest.mark.parametrize("name", ["timeout", "connect_timeout"])
def test_a_timeout_of_more_digits_than_a_number_of_seconds_can_have_is_refused(name, value):
    assert "; write seconds as a number above 0, such as" in mistake(extra={name: value})


def test_a_time_zone_is_an_iana_name():
    assert read(extra={"timezone": "Europe/Budapest"}).timezone == "Europe/Budapest"


@pytest.mark.parametrize(
    ("zone", "example"),
    [
        ("Europe/Budapset", "Europe/Budapest"),
        ("europe/budapest", "Europe/Budapest"),
        ("America/New York", "America/New_York"),
        ("+01:00", "Europe/Budapest"),
        ("Europe", "Europe/Budapest"),
        ("../../etc/passwd", "Europe/Budapest"),
        (7, "Europe/Budapest"),
    ],
)
def test_what_is_no_time_zone_is_refused_with_the_nearest_one(zone, example):
    message = mistake(extra={"timezone": zone})
    assert "which is not a time zone; write an IANA name such as" in message
    assert zone in ("+01:00", "Europe", "../../etc/passwd", 7) or f"such as {example!r}" in message


@pytest.mark.parametrize(
    ("value", "verify"),
    [(True, True), (False, False), ("true", True), ("False", False), ("TRUE", True), (" false ", False)],
)
def test_verify_is_a_bool_also_as_text(value, verify):
    assert read(extra={"verify": value}).verify is verify


def test_verify_is_the_path_of_a_ca_bundle(bundle):
    assert read(extra={"verify": bundle}).verify == bundle


def test_verify_is_a_folder_of_certificates(tmp_path):
    assert read(extra={"verify": str(tmp_path)}).verify == str(tmp_path)


def test_a_ca_bundle_that_is_not_there_is_refused():
    assert "Extra verify is '/no/such.pem', which is not a file here; write true, false, or the path" in mistake(
        extra={"verify": "/no/such.pem"}
    )


KEY = (
    "-----BEGIN PRIVATE KEY-----\n"
    + "MIIEvQIBADANBgkqhkiG9w0BAQEF/ASCBKcwggSjAgEAAoIBAQ\n" * 26
    + "-----END PRIVATE KEY-----"
)


@pytest.mark.parametrize(
    "pasted", [KEY, KEY.replace("\n", " "), KEY.replace("\n", ""), KEY.replace("-", ""), "MIIE" * 400]
)
@pytest.mark.parametrize("where", ["cert", "key", "verify"])
def test_a_file_that_was_pasted_in_the_place_of_its_path_is_not_quoted(where, pasted, tmp_path):
    (tmp_path / "cert.pem").write_text("")
    extra = {"cert": {"cert": str(tmp_path / "cert.pem"), "key": pasted}} if where == "key" else {where: pasted}
    message = mistake(extra=extra)
    assert "is the content of a file instead of its path; " in message
    assert "MIIE" not in message


def test_a_path_that_is_too_long_for_any_file_is_not_a_file():
    assert "which is not a file here" in mistake(extra={"cert": "a" * 300})
    assert "which is not a file here" in mistake(extra={"verify": "a" * 300})


def test_what_is_neither_a_file_nor_a_folder_is_not_opened_since_a_pipe_would_be_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (os.devnull, str(tmp_path / "pipe")):
        assert f"Extra verify is {path!r}, which is not a file here" in mistake(extra={"verify": path})


def test_a_ca_bundle_without_certificates_is_refused(tmp_path):
    path = tmp_path / "not.pem"
    path.write_text("no certificate")
    assert "holds no certificates that can be read" in mistake(extra={"verify": str(path)})


@pytest.mark.parametrize(
    ("value", "proxies"),
    [
        ("http://proxy:3128", {"http": "http://proxy:3128", "https": "http://proxy:3128"}),
        ("proxy:3128", {"http": "http://proxy:3128", "https": "http://proxy:3128"}),
        ({"https": "http://proxy:3128", "http": None}, {"https": "http://proxy:3128"}),
        ('{"https": "http://proxy:3128"}', {"https": "http://proxy:3128"}),
        ({"all": "https://proxy", "no_proxy": "db.example"}, {"all": "https://proxy", "no_proxy": "db.example"}),
        ({}, {}),
    ],
)
def test_proxies_are_one_url_an_object_or_its_text(value, proxies):
    assert dict(read(extra={"proxies": value}).proxies) == proxies


@pytest.mark.parametrize(
    "value",
    ["http://", {"https": "gopher://proxy"}, {"ftp": "http://proxy"}, "{not json", ["http://proxy"], 7, "http://p:no"],
)
def test_proxies_that_are_none_are_refused(value):
    assert "Extra proxies" in mistake(extra={"proxies": value})


def test_a_socks_proxy_asks_for_the_package_that_it_needs(monkeypatch):
    pytest.importorskip("socks", reason="PySocks is not installed")
    assert read(extra={"proxies": "socks5://proxy:1080"}).proxies
    monkeypatch.setitem(sys.modules, "socks", None)
    assert "install PySocks" in mistake(extra={"proxies": "socks5://proxy:1080"})


def test_a_proxy_elsewhere_is_refused_where_it_would_carry_the_token_in_plain_text():
    assert "in plain text" in mistake(host="http://127.0.0.1", extra={"proxies": "http://proxy:3128"})
    assert read(host="http://127.0.0.1", extra={"proxies": "http://localhost:3128"}).proxies
    assert read(host="https://127.0.0.1", extra={"proxies": "http://proxy:3128"}).proxies


@pytest.mark.parametrize("extra", ["{", "[1]", '"text"', "7", "[" * 100_000])
def test_an_extra_that_is_no_object_is_refused(extra):
    assert re.search(r"Extra is not (a )?JSON", mistake(extra=extra))


def test_a_misspelt_name_in_extra_is_named_with_the_right_one():
    [hint] = read(extra={"time-zone": "Europe/Budapest"}).hints()
    assert hint == "Extra has 'time-zone', which means nothing here: did you mean 'timezone'?"


def test_secrets_stand_in_no_repr():
    settings = read(extra={"proxies": "http://user:pr0xy-secret@proxy:3128"})
    assert not [secret for secret in settings.secrets if secret in repr(settings) or secret in str(settings)]


def test_all_that_must_be_masked_is_known():
    secrets = read(extra={"proxies": "http://user:pr%C3%B6xy@proxy:3128"}).secrets
    assert secrets == [
        TOKEN,
        "bXljYzp0MGtlbi10aGF0LW5vYm9keS1tYXktc2Vl",
        "pr%C3%B6xy",
        "pröxy",
        "dXNlcjpwcsO2eHk=",
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.200.0.9", "::1", "localhost", "LOCALHOST"])
def test_loopback_is_this_machine(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", [None, "", "10.0.0.1", "localhost.example", "128.0.0.1", "0.0.0.0", "::"])
def test_anything_else_is_not_loopback(host):
    assert not is_loopback(host)


ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2)


@given(
    login=st.none() | st.text(),
    host=st.none() | st.text() | st.text().map("http://{}".format),
    port=st.none() | st.integers() | st.text(),
    extra=st.dictionaries(
        st.sampled_from(["timezone", "timeout", "connect_timeout", "verify", "proxies", "username"]),
        ANYTHING | st.dictionaries(st.sampled_from(["http", "https", "no_proxy", "x"]), ANYTHING),
    ),
)
def test_whatever_the_fields_hold_it_is_a_connection_or_a_mistake_with_a_name(login, host, port, extra):
    fields = SimpleNamespace(login=login, password=TOKEN, host=host, port=port, extra=extra)
    outcome = settings_or_mistake(fields)
    if isinstance(outcome, VccConfigurationError):
        assert outcome.field
        assert TOKEN not in str(outcome)
    else:
        assert outcome.base_url.endswith("/v2")
        assert outcome.base_url.startswith("https://") or is_loopback(urlsplit(outcome.base_url).hostname)


def settings_or_mistake(fields):
    try:
        return Settings.from_connection(fields)
    except VccConfigurationError as error:
        return error
