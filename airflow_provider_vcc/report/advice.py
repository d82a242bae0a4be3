"""What to do about the common errors."""

from __future__ import annotations

import re

__all__ = ["advise"]

ADVICE = (
    (
        r"superseded by position",
        "Nothing: a later element for the same record was applied by an earlier try, and this one would overwrite it.",
    ),
    (
        r"missing_numberid_or_search|neither numberid nor search",
        (
            "Give each element either a `numberid` or a `search`. Where the id stands under another name, say so "
            "in `field_map`."
        ),
    ),
    (
        r"numberid_and_search|numberid and search are both",
        "Leave out one of the two: `numberid` names one record, `search` all that match.",
    ),
    (
        r"search is empty|criterion of search is null|invalid_search|unknown_search",
        (
            "Look at the element's `search`: criteria are the project's own fields, and an empty one would touch every "
            "record."
        ),
    ),
    (
        r"record_in_call|in[ _]call|being handled",
        "An agent had the record open. Send the failures file again later, or leave out `avoid_in_call`.",
    ),
    (
        r"unknown_record|(record|numberid).*(not[ _]found|unknown|not[ _]exist)",
        "The project holds no such record: check `project_id` and where the numberids come from.",
    ),
    (
        r"(unknown|invalid|missing)_?disposition|disposition.*(not[ _]found|unknown)",
        "Compare `dispositionid` with the dispositions that are set up in this project.",
    ),
    (
        r"(unknown|invalid|missing)_?user",
        "Compare `userid` with the call centre's users; an agent may have left.",
    ),
    (
        r"has an offset|time zone",
        "Set the time zone in the Airflow connection, or write the time by the call centre's own clock.",
    ),
    (r"next_calldate", "Write `next_calldate` as YYYY-MM-DD HH:MM:SS."),
    (
        r"is no field of an element|unknown_field",
        (
            "A typing error, or a column that needs an entry in `field_map`. Fields that are not documented would be "
            "lost in silence, so they are refused."
        ),
    ),
    (r"not? JSON|not an object", "Look at the input at these positions: what stands there is no element."),
    (
        (
            r"missing from the answer|both an error and true|answer (cannot|could not) be|answer has neither|"
            r"connection broke|no answer within|timed out|server failed|nobody can say"
        ),
        (
            "Nobody can say whether these took effect: look at a sample in VCC before sending them again, or set "
            "`on_ambiguous` to `resend` where twice does no harm."
        ),
    ),
    (r"larger than one request", "Raise `max_chunk_bytes`, or shorten this element's texts."),
    (r"answered false", "The API gave no reason: try one of the sample positions by itself."),
)

COMPILED = tuple((re.compile(pattern, re.IGNORECASE), advice) for pattern, advice in ADVICE)


def advise(message: str) -> str:
    """Say what to do about an error; empty where we know nothing better than its message."""
    return next((advice for pattern, advice in COMPILED if pattern.search(message)), "")
