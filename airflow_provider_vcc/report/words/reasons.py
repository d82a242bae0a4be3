"""Errors in the words of a call centre: what happened, what to do about it, and a hint for the DAG's author."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Reason", "advise", "explain"]


@dataclass(frozen=True)
class Reason:
    """One kind of error.

    :param says: what happened, as a sentence without its stop.
    :param many: what is said of several records, after their number: ``were not found in the project``.
    :param one: the same of one record.
    :param todo: what somebody who is no programmer can do; empty if nothing is known.
    :param hint: what the DAG's author can do, with parameters in backticks.
    """

    says: str
    many: str = "failed"
    one: str = "failed"
    todo: str = ""
    hint: str = ""


def _both(words: str, says: str, todo: str, hint: str) -> Reason:
    """Make a reason whose words are the same of one record and of several, but for ``were`` and the like."""
    one = words.replace("were ", "was ", 1).replace("in them", "in it").replace("their table", "its table")
    return Reason(says, words, one, todo, hint)


KNOWN: tuple[tuple[str, Reason], ...] = (
    (
        r"superseded by position",
        _both(
            "were overtaken by a later row",
            "A later row for the same record has been set already",
            "Nothing to do: the record has the newer setting.",
            "Nothing: a later element for the same record was applied by an earlier try, and this one would overwrite "
            "it.",
        ),
    ),
    (
        r"missing_numberid_or_search|neither numberid nor search",
        _both(
            "did not say which record",
            "The row does not say which record it is about",
            "Give each row a record id.",
            "Give each element either a `numberid` or a `search`. If the id has another name, say so in `field_map`.",
        ),
    ),
    (
        r"numberid_and_search|numberid and search are both",
        _both(
            "named a record and a search",
            "The row names a record and a search",
            "Leave out one of the two.",
            "Leave out one of the two: `numberid` names one record, `search` all that match.",
        ),
    ),
    (
        r"search is empty|criterion of search|search must be|invalid_search|unknown_search",
        _both(
            "had a search that cannot be used",
            "The search is empty, or asks for a field that the project does not have",
            "Fill in every field of the search, with fields that this project has.",
            "Look at the element's `search`: criteria are the project's own fields, and an empty one would touch every "
            "record.",
        ),
    ),
    (
        r"record_in_call|in[ _]call|being handled",
        _both(
            "were in a call",
            "An agent was handling the record",
            "Set these records again in a few minutes.",
            "An agent had the record open. Send the failures file again later, or leave out `avoid_in_call`.",
        ),
    ),
    (
        r"unknown_record|(record|numberid).*(not[ _]found|unknown|not[ _]exist)",
        _both(
            "were not found in the project",
            "There is no such record in the project",
            "Check that these ids are right, and that they belong to this project.",
            "The project has no such record: check `project_id` and where the ids come from.",
        ),
    ),
    (
        r"missing_?disposition",
        _both(
            "did not say which disposition to set",
            "Neither the row nor the task says which disposition to set",
            "Give each row a disposition, or choose one for all.",
            "Set `disposition`, or give each element a `dispositionid`.",
        ),
    ),
    (
        r"(unknown|invalid)_?disposition|disposition.*(not[ _]found|unknown)",
        _both(
            "had a disposition that the project does not have",
            "The disposition does not exist in this project",
            "Choose a disposition that is set up in this project.",
            "Compare `dispositionid` with the dispositions that are set up in this project.",
        ),
    ),
    (
        r"(unknown|invalid|missing)_?user",
        _both(
            "named an agent who does not exist",
            "The agent does not exist",
            "Check the agent's id; the agent may have left.",
            "Compare `userid` with the call centre's users; an agent may have left.",
        ),
    ),
    (
        r"has an offset|time zone",
        _both(
            "had a callback time that cannot be converted",
            "The callback time is given in another time zone than the call centre's",
            "Write the callback time by the call centre's own clock.",
            "Set the time zone in the Airflow connection, or write the time by the call centre's own clock.",
        ),
    ),
    (
        r"next_calldate",
        _both(
            "had a callback date that cannot be read",
            "The callback date cannot be read",
            "Write the callback date as 2026-12-24 13:00:00.",
            "Write `next_calldate` as YYYY-MM-DD HH:MM:SS, or set `date_format`.",
        ),
    ),
    (
        r"is (no|not a) field of an element|unknown_field",
        _both(
            "had a column that is not known",
            "The row has a column that is not known",
            "Check the names of the columns.",
            "A typing error, or a column that needs an entry in `field_map`. Fields that are not documented would be "
            "lost in silence, so they are refused.",
        ),
    ),
    (
        r"has \d+ cells|column without a name|tears it from|(cells?|columns?) .*header|header .*(cells?|columns?)",
        _both(
            "did not fit the columns of their table",
            "The row has more or fewer cells than its table has columns",
            "Look at these rows in the file: a separator may be missing, or one too many.",
            "Look at the quoting and the `delimiter` of these rows.",
        ),
    ),
    (
        r"two names give|as a whole and by criteria",
        _both(
            "said the same thing twice",
            "The row has two columns for the same thing",
            "Leave out one of the two columns.",
            "Two names give the same field, by `field_map` or by themselves.",
        ),
    ),
    (
        r"not? JSON|not an object|invalid_element",
        _both(
            "could not be read",
            "What stands there cannot be read",
            "Look at these rows in the file.",
            "Look at the input at these positions: what stands there is not an element.",
        ),
    ),
    (
        (
            r"missing from the answer|both an error and true|answer (cannot|could not) be|answer has neither|"
            r"connection broke|no answer within|timed out|server failed|nobody can say|before the answer came|"
            r"answered with status|slow down|the proxy |answer is larger|answer takes more"
        ),
        _both(
            "may or may not have been set",
            "No answer came, so it is not known whether the record was set",
            "Look at one or two of these records in VCC Live before you set them again.",
            "Nobody can say whether these took effect: look at a sample in VCC before sending them again, or set "
            "`on_ambiguous` to `resend` if twice does no harm.",
        ),
    ),
    (
        r"larger than|longer than|too large",
        _both(
            "were too large to be sent",
            "The row is too large to be sent",
            "Shorten the texts of these rows.",
            "Raise `max_chunk_bytes`, or shorten this element's texts.",
        ),
    ),
    (
        r"scientific notation",
        _both(
            "had a number that a spreadsheet has shortened",
            "A spreadsheet has shortened the number, as in 1.23E+11, and its last digits are lost",
            "Format the column as a number without decimals, or as text, and export the file again.",
            "Format the column as a number without decimals, or as text, and export the file again.",
        ),
    ),
    (
        r"(dispositionid|userid) (is empty|must be)",
        _both(
            "had an id that cannot be right",
            "The id of the disposition, or of the agent, cannot be right",
            "Check these ids: they are whole numbers.",
            "`dispositionid` and `userid` must be a text or a whole number.",
        ),
    ),
    (
        r"must be true or false",
        _both(
            "did not say clearly whether to send messages",
            "The column that says whether to send messages must be true or false",
            "Write true or false into that column.",
            "`sendDispositionMessages` must be true or false.",
        ),
    ),
    (
        r"description must be a text|invalid_description",
        _both(
            "had a description that is not a text",
            "The description is not a text",
            "Look at the descriptions of these rows.",
            "",
        ),
    ),
    (
        r"half of a character|nested too deeply|of the type|too many digits|it cannot be read",
        _both(
            "had something in them that cannot be sent",
            "Something in the row cannot be sent as it is",
            "Look at these rows in the file.",
            "Look at the input at these positions: a value is not one that JSON, or this field, can hold.",
        ),
    ),
    (
        r"numberid (is empty|must be)|invalid_numberid|is not (a|an) (valid )?(record )?id",
        _both(
            "had an id that is not a record's",
            "The record's id cannot be right",
            "Check these ids: a spreadsheet may have changed long numbers.",
            "`numberid` must be a text or a whole number.",
        ),
    ),
    (
        r"answered false",
        _both(
            "were refused without a reason",
            "VCC Live refused it and gave no reason",
            "Try to set one of these records in VCC Live by hand.",
            "The API gave no reason: try one of the sample positions by itself.",
        ),
    ),
)
COMPILED = tuple((re.compile(pattern, re.IGNORECASE), reason) for pattern, reason in KNOWN)
CODE = re.compile(r"error\.[\w.]+")


def explain(message: str) -> Reason:
    """Return what an error means; of one that is not known, no more than its own message says."""
    for pattern, reason in COMPILED:
        if pattern.search(message):
            return reason
    if CODE.fullmatch(message):
        return Reason(f"VCC Live refused it: {message.removeprefix('error.').replace('_', ' ')}")
    return Reason(message[:1].upper() + message[1:] if message else "No reason was given")


def advise(message: str) -> str:
    """Return what the DAG's author can do about an error; empty if we know nothing better than its message."""
    return explain(message).hint
