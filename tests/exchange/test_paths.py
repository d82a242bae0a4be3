"""A path stays below ``/v2``, by whatever reading of it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.scripted import ScriptedServer, answer

from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.hooks.calls import _below_v2

BASE = "https://mycc.asp.virtual-call-center.eu/v2"
OUT = [
    "/projects/%2e%2e/%2e%2e/admin",
    "/projects/%2E%2E/%2e./admin",
    "/projects/.%2e/admin",
    "/%252e%252e/admin",
    "/%25252e%25252e/admin",
    "/..%2fadmin",
    "/projects%2f..%2f..%2fadmin",
    "/projects/..%5c..%5cadmin",
    "/projects\\..\\..\\admin",
    "/..;/admin",
    "/..;a=b/admin",
    "/%2e%2e;/admin",
    "/ ../admin",
    "/..%20/admin",
    "/..%00/admin",
    "/.\t./admin",
    "/projects/%3f/../../admin",
    "/projects/%3f%2f..%2f..%2fadmin",
    "/projects/%23/..%2f../admin",
    "/projects\r\nX: 1",
    "/projects/%0d%0aX: 1",
    "/./projects",
    "https://evil.example/v2/projects",
    "//evil.example/../../x",
    "..",
    "/v2/../admin",
    "/%c0%ae%c0%ae/admin",
    "/%E0%80%AE%e0%80%ae/admin",
    "/%u002e%u002e/admin",
    "/\uff0e\uff0e/admin",
    "/%ef%bc%8e%ef%bc%8e/admin",
    "/..%ef%bc%8fadmin",
    "/\u2025/admin",
    "/.../admin",
    "/. ./admin",
    "/..%3f/admin",
    "/..#/admin",
    "/..,/admin",
    BASE + "/../admin",
    BASE + "/%2e%2e/admin",
]


@pytest.mark.parametrize("path", OUT)
def test_a_path_that_leads_out_by_any_reading_is_refused_before_anything_is_sent(connect, path):
    with ScriptedServer(answer()) as server:
        with pytest.raises(VccConfigurationError, match="leads out of the API"):
            connect(server.url).run("GET", path.replace(BASE, f"{server.url}/v2"))
        assert server.connections == 0


IN = {
    "/projects/17/records/5": "/v2/projects/17/records/5",
    "/projects/17/records/a%2Fb": "/v2/projects/17/records/a%2Fb",
    "/projects/17/records/100%25": "/v2/projects/17/records/100%25",
    "/projects/17/records/a..b": "/v2/projects/17/records/a..b",
    "/projects/17/records/.a,b:c": "/v2/projects/17/records/.a,b:c",
    "/projects/17/records/P\u00e9cs": "/v2/projects/17/records/P%C3%A9cs",
    "/cdrs/2026/11?num=%2B36&up=../..": "/v2/cdrs/2026/11?num=%2B36&up=../..",
}


@pytest.mark.parametrize(("path", "sent"), IN.items())
def test_a_path_that_stays_goes_out_as_it_is(connect, path, sent):
    with ScriptedServer(answer()) as server:
        connect(server.url).run("GET", path)
    assert [seen.path for seen in server.requests] == [sent]


@pytest.mark.parametrize("project", ["", ".", ".."])
def test_a_project_that_is_none_is_refused_before_anything_is_sent(connect, project):
    with ScriptedServer(answer()) as server:
        with pytest.raises(VccConfigurationError, match="project_id must be the project's number"):
            connect(server.url).batch_dispositions(project, [{"numberid": "1"}])
        assert server.connections == 0


PIECES = st.lists(
    st.sampled_from(["..", ".", "%2e", "%2E%2e", "/", "%2f", "%25", "2e", "a", ";", "\\", "%5c"]), max_size=8
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=PIECES)
def test_no_path_that_is_let_through_climbs_however_often_it_is_unquoted(pieces):
    from urllib.parse import unquote

    try:
        path = _below_v2("/projects/" + "".join(pieces), BASE)
    except VccConfigurationError:
        return
    for _ in range(9):
        assert not {"..", "."} & {part.partition(";")[0] for part in path.replace("\\", "/").split("/")}
        path = unquote(path)
