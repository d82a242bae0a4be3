"""What the vendor's pages say, one test for each sentence that a server can show."""

from __future__ import annotations

import pytest

PAYLOAD = {
    "elements": [
        {
            "numberid": "1",
            "dispositionid": "1",
            "userid": "22",
            "next_calldate": "2017-10-10 11:00:00",
            "description": "High school graduate",
        },
        {"search": {"name": "Green"}},
    ],
    "disposition": {
        "dispositionid": "2",
        "userid": "7",
        "next_calldate": "2017-09-10 12:00:00",
        "description": "University degree",
    },
    "avoid_in_call": True,
}
BATCH = "/v2/projects/17/records/dispositions"
DONE = {"0": True}
EVENT_FIELDS = ("dispositionid", "userid", "next_calldate", "description")


def events_of(client, numberid, project=17):
    return client.ask("GET", f"/v2/projects/{project}/records/{numberid}").response["events"]


class TestEverywhere:
    def test_put_and_post_carry_a_json_body(self, client):
        assert client.ask("PUT", BATCH, b"elements=1").status == 400
        assert client.ask("PUT", BATCH, b'["elements"]').status == 400
        assert client.ask("POST", "/v2/projects/17/records/1/dispositions", b"").status == 400

    @pytest.mark.parametrize(("method", "path"), [("GET", "/v2/projects"), ("PUT", BATCH)])
    def test_every_request_needs_http_basic_authentication(self, client, method, path):
        answer = client.ask(method, path, {"elements": []} if method == "PUT" else None, headers={})
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")

    @pytest.mark.parametrize(("login", "password"), [("mycc", "wrong"), ("other", "sandbox-token"), ("", "")])
    def test_user_and_password_are_the_customer_and_the_token(self, start, sandbox, login, password):
        assert start.client(sandbox, login=login, password=password).put({"numberid": "1"}).status == 401
        assert sandbox.ledger.totals()["events"] == 0

    def test_only_addresses_on_the_list_reach_the_api_at_all(self, start):
        sandbox, client = start(10, allowed=False)
        assert client.ask("GET", "/v2/projects").status == 403
        assert client.put({"numberid": "1", "dispositionid": "1"}).status == 403
        assert sandbox.ledger.totals()["events"] == 0

    def test_success_is_http_200_also_where_elements_have_errors(self, client):
        assert client.put({}).status == 200

    def test_the_answer_is_an_object_with_errors_and_response(self, client):
        for answer in (client.ask("GET", "/v2/projects"), client.put({"numberid": "1"}), client.ask("GET", "/v2/no")):
            assert set(answer.json) == {"errors", "response"}

    def test_where_errors_has_no_value_response_is_the_result(self, client):
        answer = client.ask("GET", "/v2/projects")
        assert answer.errors == []
        assert answer.response

    def test_the_content_type_is_text_plain_although_the_body_is_json(self, client):
        assert client.ask("GET", "/v2/projects").headers["Content-Type"] == "text/plain; charset=utf-8"

    def test_answers_come_chunked_from_nginx(self, client):
        headers = client.put({"numberid": "1", "dispositionid": "1"}).headers
        assert headers["Transfer-Encoding"] == "chunked"
        assert headers["Server"] == "nginx"
        assert "Content-Length" not in headers

    def test_headers_such_as_etag_allow_and_x_resource_come_along(self, client):
        headers = client.put({"numberid": "1", "dispositionid": "1"}).headers
        assert headers["Allow"] == "PUT"
        assert headers["Etag"]
        assert headers["X-Resource"]

    def test_one_connection_serves_many_requests(self, client, sandbox):
        for _ in range(5):
            client.put({"numberid": "1", "dispositionid": "1"})
        assert {request.connection for request in sandbox.ledger.requests()} == {1}


class TestBatchDispositionModification:
    def test_the_pages_own_payload_is_answered_as_printed(self, client):
        answer = client.ask("PUT", BATCH, PAYLOAD)
        assert answer.json == {"errors": [], "response": {"0": True, "1": True}}

    def test_the_pages_own_payload_sets_what_it_says(self, client):
        client.ask("PUT", BATCH, PAYLOAD)
        assert events_of(client, "1") == [{name: PAYLOAD["elements"][0][name] for name in EVENT_FIELDS}]
        assert events_of(client, "12") == [PAYLOAD["disposition"]]

    def test_the_printed_errors_come_for_an_element_without_numberid_or_search(self, client):
        answer = client.put(
            {"numberid": "1"}, {"description": "x"}, {"numberid": "2"}, disposition={"dispositionid": 2}
        )
        assert answer.json == {
            "errors": [{"errorcode": 417, "errormessage": "error.missing_numberid_or_search", "index": 1}],
            "response": {"0": True, "2": True},
        }

    def test_elements_are_mandatory(self, client):
        assert client.ask("PUT", BATCH, {"disposition": {}}).errors[0]["errormessage"] == "error.missing_elements"

    def test_elements_are_an_array(self, client):
        assert client.ask("PUT", BATCH, {"elements": {}}).errors[0]["errormessage"] == "error.invalid_elements"

    def test_numberid_names_the_record(self, client, sandbox):
        assert client.put({"numberid": "7", "dispositionid": "3"}).response == DONE
        assert [event.numberid for event in sandbox.ledger.events()] == ["7"]

    def test_either_numberid_or_search_but_not_both(self, client):
        answer = client.put({"numberid": "7", "search": {"name": "Green"}, "dispositionid": "3"})
        assert answer.errors[0]["errormessage"] == "error.numberid_and_search"

    def test_search_goes_by_numberid(self, client, sandbox):
        client.put({"search": {"numberid": "9"}, "dispositionid": "3"})
        assert [event.numberid for event in sandbox.ledger.events()] == ["9"]

    def test_search_goes_by_the_user_that_the_disposition_is_linked_to(self, client, sandbox):
        client.put({"numberid": "4", "dispositionid": "1", "userid": "22"})
        client.put({"search": {"pref_userid": "22"}, "dispositionid": "3"})
        assert [event.numberid for event in sandbox.ledger.events()] == ["4", "4"]

    def test_search_goes_by_the_disposition_that_is_linked(self, client, sandbox):
        client.put({"numberid": "5", "dispositionid": "8"}, {"numberid": "6", "dispositionid": "9"})
        client.put({"search": {"act_status": "8"}, "dispositionid": "3"})
        assert [event.numberid for event in sandbox.ledger.events()][2:] == ["5"]

    def test_search_sees_what_earlier_elements_of_the_request_set(self, client, sandbox):
        client.put({"numberid": "5", "dispositionid": "8"}, {"search": {"act_status": "8"}, "dispositionid": "3"})
        assert [event.dispositionid for event in sandbox.ledger.events("5")] == ["8", "3"]

    def test_search_goes_by_a_custom_field(self, client, sandbox):
        client.put({"search": {"name": "Green"}, "dispositionid": "3"})
        assert [event.numberid for event in sandbox.ledger.events()] == ["12", "24", "36", "48", "60", "72", "84", "96"]

    def test_several_criteria_in_one_search_object_are_joined_by_and(self, client, sandbox):
        client.put({"search": {"name": "Green", "city": "Budapest"}, "dispositionid": "3"})
        assert [event.numberid for event in sandbox.ledger.events()] == ["60"]

    def test_several_search_objects_are_joined_by_or(self, client, sandbox):
        search = [{"numberid": "60"}, {"name": "Green", "city": "Budapest"}, {"numberid": "2"}]
        client.put({"search": search, "dispositionid": "3"})
        assert [event.numberid for event in sandbox.ledger.events()] == ["2", "60"]

    def test_disposition_gives_the_values_for_every_record_that_an_element_names(self, client):
        client.put({"numberid": "1"}, {"numberid": "2"}, disposition={"dispositionid": 2, "userid": 7})
        assert [events_of(client, number)[0]["userid"] for number in "12"] == ["7", "7"]

    def test_what_an_element_says_itself_goes_before_disposition(self, client):
        client.put({"numberid": "1", "userid": "9"}, disposition={"dispositionid": 2, "userid": 7, "description": "d"})
        assert events_of(client, "1") == [
            {"dispositionid": "2", "userid": "9", "next_calldate": None, "description": "d"}
        ]

    @pytest.mark.parametrize("number", [2, "2"])
    def test_the_ids_in_disposition_are_integers_and_text_as_in_the_example_passes_too(self, client, number):
        assert client.put({"numberid": "1"}, disposition={"dispositionid": number, "userid": number}).response == DONE

    def test_avoid_in_call_leaves_records_alone_that_agents_are_handling(self, start):
        sandbox, client = start(100, in_call=["12", "3"])
        answer = client.put(
            {"numberid": "3"}, {"search": {"name": "Green"}}, disposition={"dispositionid": 2}, avoid_in_call=True
        )
        assert answer.errors == [{"errorcode": 417, "errormessage": "error.record_in_call", "index": 0}]
        assert answer.response == {"1": True}
        assert not {"3", "12"} & {event.numberid for event in sandbox.ledger.events()}

    @pytest.mark.parametrize("flag", [{}, {"avoid_in_call": False}])
    def test_without_avoid_in_call_records_in_call_are_set_too(self, start, flag):
        _, client = start(10, in_call=["3"])
        assert client.put({"numberid": "3", "dispositionid": "1"}, **flag).response == DONE

    def test_next_calldate_is_a_date_and_a_time(self, client):
        def put(date):
            return client.put({"numberid": "1", "dispositionid": "1", "next_calldate": date})

        assert put("2026-02-28 23:59:59").response == DONE
        for wrong in (
            "2026-02-30 10:00:00",
            "2026-02-28",
            "2026-02-28T10:00:00",
            "28.02.2026 10:00",
            1,
            "2026-2-8 1:0:0",
        ):
            assert put(wrong).errors[0]["errormessage"] == "error.invalid_next_calldate"

    def test_send_disposition_messages_also_sends_the_message(self, client, sandbox):
        client.put(
            {"numberid": "1", "dispositionid": "1", "sendDispositionMessages": True},
            {"numberid": "2", "dispositionid": "1", "sendDispositionMessages": False},
            {"numberid": "3", "dispositionid": "1"},
        )
        assert sandbox.ledger.message_counts() == {"1": 1}

    def test_there_is_no_limit_on_the_number_of_elements(self, client, sandbox):
        many = [{"numberid": str(number % 100 + 1), "dispositionid": "1"} for number in range(20_000)]
        assert len(client.put(*many).response) == len(many)
        assert sandbox.ledger.totals()["events"] == len(many)


class TestNeighbours:
    def test_list_projects_gives_an_array_with_the_documented_fields(self, client):
        projects = client.ask("GET", "/v2/projects").response
        assert [project["projectid"] for project in projects] == [17, 18, 42]
        assert set(projects[0]) == {"projectid", "name", "status", "folderid", "container", "folder"}

    def test_add_disposition_answers_true(self, client):
        body = {"dispositionid": "1", "userid": "7", "description": "by hand"}
        answer = client.ask("POST", "/v2/projects/17/records/5/dispositions", body)
        assert answer.json == {"errors": [], "response": True}
        assert events_of(client, "5")[0]["description"] == "by hand"

    @pytest.mark.parametrize("missing", ["dispositionid", "userid"])
    def test_add_disposition_needs_a_disposition_and_a_user(self, client, missing):
        body = {"dispositionid": "1", "userid": "7"}
        del body[missing]
        answer = client.ask("POST", "/v2/projects/17/records/5/dispositions", body)
        assert answer.errors[0]["errormessage"] == f"error.missing_{missing}"

    def test_add_disposition_honours_avoid_in_call_and_messages(self, start):
        sandbox, client = start(10, in_call=["3"])
        body = {"dispositionid": "1", "userid": "7", "avoid_in_call": True, "sendDispositionMessages": True}
        assert not client.ask("POST", "/v2/projects/17/records/3/dispositions", body).response
        assert client.ask("POST", "/v2/projects/17/records/4/dispositions", body).response is True
        assert sandbox.ledger.message_counts() == {"4": 1}

    def test_record_detail_has_contacts_data_cdrs_and_events(self, client):
        record = client.ask("GET", "/v2/projects/17/records/12").response
        assert set(record) == {"contacts", "data", "cdrs", "events"}
        assert record["data"]["name"] == "Green"

    def test_events_are_all_dispositions_that_were_ever_set_so_the_same_twice_leaves_two(self, client):
        for _ in range(2):
            client.put({"numberid": "1", "dispositionid": "1", "description": "twice"})
        assert [event["description"] for event in events_of(client, "1")] == ["twice", "twice"]

    def test_batch_record_modification_sets_fields(self, client):
        elements = [
            {"numberid": "1", "form": {"city": "Graz"}},
            {"search": {"name": "Green"}, "form": {"name": "Grün"}},
        ]
        answer = client.ask("PUT", "/v2/projects/17/records", {"elements": elements, "default": {"phone": "1"}})
        assert answer.json == {"errors": [], "response": {"0": True, "1": True}}
        data = client.ask("GET", "/v2/projects/17/records/1").response["data"]
        assert (data["city"], data["phone"], data["name"]) == ("Graz", "1", "Baker")
        assert client.ask("GET", "/v2/projects/17/records/24").response["data"]["name"] == "Grün"

    def test_batch_record_modification_has_errors_by_index(self, client):
        elements = [
            {"numberid": "1", "form": {"shoe": "44"}},
            {"form": {}},
            {"numberid": "2", "form": {"city": "Graz"}},
        ]
        answer = client.ask("PUT", "/v2/projects/17/records", {"elements": elements})
        assert [error["index"] for error in answer.errors] == [0, 1]
        assert answer.response == {"2": True}

    @pytest.mark.parametrize("path", ["/v2/projects/99/records/1", "/v2/projects/17/records/none", "/v2", "/v3"])
    def test_what_does_not_exist_is_404(self, client, path):
        assert client.ask("GET", path).status == 404

    def test_a_batch_for_a_project_that_does_not_exist_is_404(self, client):
        assert client.put({"numberid": "1"}, path=BATCH.replace("17", "99")).status == 404

    def test_projects_have_their_own_records(self, client):
        client.put({"numberid": "1", "dispositionid": "1"}, path=BATCH.replace("17", "18"))
        assert events_of(client, "1") == []
        assert len(events_of(client, "1", project=18)) == 1
