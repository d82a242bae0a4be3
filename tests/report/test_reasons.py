"""What to do about the errors that people meet."""

from __future__ import annotations

import pytest

from airflow_provider_vcc.report.words.reasons import advise

SAID = {
    "error.missing_numberid_or_search": "either a `numberid` or a `search`",
    "neither numberid nor search says which record": "either a `numberid` or a `search`",
    "numberid and search are both given; leave one out": "Leave out one",
    "search is empty; it would touch every record": "would touch every record",
    "error.unknown_record": "has no such record",
    "error.record_in_call": "avoid_in_call",
    "error.unknown_disposition": "`dispositionid`",
    "error.unknown_user": "`userid`",
    "error.invalid_next_calldate": "YYYY-MM-DD HH:MM:SS",
    "next_calldate is no date; write it as YYYY-MM-DD HH:MM:SS": "YYYY-MM-DD HH:MM:SS",
    "next_calldate has an offset, and the connection has no time zone": "Set the time zone",
    "'numberId' is no field of an element; did you mean 'numberid'?": "`field_map`",
    "not JSON": "Look at the input",
    "not an object with the fields of an element": "Look at the input",
    "no answer within 60 s": "Nobody can say",
    "the server failed (503)": "Nobody can say",
    "the connection broke before the answer was whole (ProtocolError)": "Nobody can say",
    "missing from the answer": "Nobody can say",
    "an earlier try sent it, nobody can say whether it took effect": "Nobody can say",
    "superseded by position 11204": "Nothing",
    "the API answered false": "gave no reason",
    "larger than one request may be (max_chunk_bytes=1048576)": "`max_chunk_bytes`",
}


@pytest.mark.parametrize("message", SAID)
def test_the_common_errors_come_with_what_to_do(message):
    assert SAID[message] in advise(message)


@pytest.mark.parametrize("message", ["", "error.kind_007", "description must be a text"])
def test_nothing_is_advised_where_the_message_says_it_all(message):
    assert advise(message) == ""
