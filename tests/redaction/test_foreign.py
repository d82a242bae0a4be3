"""What a server says of a request is shown without anything that came with it."""

from __future__ import annotations

import base64
import codecs
import html
import json
import random
import string
import time
import urllib.parse
import zlib

import pytest

from airflow_provider_vcc.redaction import Private, Redaction, redacted

VALUE = "Janedoe Kovács is ill"
ELEMENTS = [
    {"numberid": "404404", "description": VALUE},
    {"search": {"city": ["Fourwinds", "x"], "phone": 36301234567, "family": "Nagy"}, "userid": 22},
]
TOKEN = "t0ken-of-mine"
DATA = VALUE.encode()

QUOTES = {
    "as it is": VALUE,
    "in part": VALUE[2:9],
    "in capitals": VALUE.upper(),
    "in other capitals": VALUE.swapcase(),
    "in wide letters": "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in VALUE),
    "with combining accents": "Janedoe Kova\u0301cs",
    "without accents": "JANEDOE KOVACS",
    "without what is not ASCII": VALUE.encode("ascii", "ignore").decode(),
    "with question marks": VALUE.encode("ascii", "replace").decode(),
    "read in the wrong encoding": DATA.decode("cp1252"),
    "letter by letter": "-".join(VALUE),
    "with tags between": "<i>".join(VALUE),
    "with nothing visible between": "\u200b".join(VALUE),
    "backwards": VALUE[::-1],
    "in ROT13": codecs.encode(VALUE, "rot13"),
    "as HTML": html.escape(VALUE),
    "as HTML in numbers": "".join(f"&#{ord(c)};" for c in VALUE),
    "as HTML in hex": "".join(f"&#x{ord(c):x};" for c in VALUE),
    "as HTML twice": html.escape("".join(f"&#x{ord(c):x};" for c in VALUE)),
    "as JSON": json.dumps(VALUE),
    "as JSON twice": json.dumps(json.dumps(VALUE)),
    "as JSON in numbers": "".join(f"\\u{ord(c):04x}" for c in VALUE),
    "as a URL": urllib.parse.quote(VALUE),
    "as a form": urllib.parse.quote_plus(VALUE),
    "as a URL in numbers": "".join(f"%{byte:02X}" for byte in DATA),
    "as bytes": repr(DATA),
    "as bytes in numbers": "".join(f"\\x{byte:02x}" for byte in DATA),
    "in octal": "".join(f"\\{byte:03o}" for byte in DATA),
    "as Perl": "".join(f"\\x{{{ord(c):x}}}" for c in VALUE),
    "in colours": "Jane\x1b[31mdoe",
    "as CSS": "".join(f"\\{ord(c):x} " for c in VALUE),
    "as code points": " ".join(f"U+{ord(c):04X}" for c in VALUE),
    "by name": "".join(f"\\N{{LATIN SMALL LETTER {c.upper()}}}" for c in "janedoe"),
    "as ASCII": ascii(VALUE),
    "quoted printable": "Janedoe=20Kov=C3=A1cs",
    "in base64": base64.b64encode(DATA).decode(),
    "in base64 after something": base64.b64encode(b"zz" + DATA).decode(),
    "in base64 of UTF-16": base64.b64encode(VALUE.encode("utf-16")).decode(),
    "in base64 twice": base64.b64encode(base64.b64encode(DATA)).decode(),
    "in base64 in hex": base64.b64encode(DATA).hex(),
    "in base64 for URLs": base64.urlsafe_b64encode(DATA).decode().rstrip("="),
    "compressed": base64.b64encode(zlib.compress(DATA)).decode(),
    "compressed without a header": base64.b64encode(zlib.compress(DATA)[2:-4]).decode(),
    "in base32": base64.b32encode(DATA).decode(),
    "in base85": base64.b85encode(DATA).decode(),
    "in hex": DATA.hex(),
    "in hex with blanks": DATA.hex(" "),
    "in decimal": " ".join(map(str, DATA)),
    "in octal digits": " ".join(f"{byte:03o}" for byte in DATA),
    "in SQL": "||".join(f"CHAR({ord(c)})" for c in VALUE),
    "in bits": " ".join(f"{byte:08b}" for byte in DATA),
    "as a name": "error.janedoe_kovacs",
    "a telephone number with blanks": "36 30 123 4567",
    "a value in a list": "fourwinds",
    "the token": TOKEN,
    "the token's header": "Basic " + base64.b64encode(f"mycc:{TOKEN}".encode()).decode(),
    "the disposition": "o&#39;dowd said",
}


@pytest.fixture(scope="module")
def private():
    return Redaction({"dispositionid": 2, "description": "O'Dowd said so"}, [TOKEN]).of(ELEMENTS)


@pytest.mark.parametrize("quote", QUOTES.values(), ids=QUOTES)
def test_nothing_of_a_quote_is_shown_and_the_rest_is(private, quote):
    shown = private.redacted(f"bad value: {quote} | record 404404, user 22 is locked")
    before, _, after = shown.partition("***")
    assert before.startswith("bad value: ")
    assert set(before.removeprefix("bad value: ")) <= set("'\"\\b-Basic CHAR(error. ")
    assert after.endswith("record 404404, user 22 is locked")


OTHERWISE = {
    "a number in hex": ("36301234567", f"{36301234567:#x}"),
    "a number in octal": ("36301234567", f"{36301234567:#o}"),
    "a number in bits": ("+36 30 123 4567", f"{36301234567:b}"),
    "a number with commas": ("1234567.5", "1,234,567.50"),
    "a day, European": ("1980-05-17", "17.05.1980"),
    "a day, American": ("19800517", "5/17/1980"),
    "a day in two digits": ("17/05/1980", "80-05-17"),
    "a day in words": ("born 1980-05-17", "17 May 1980"),
    "a day in seconds": ("1980-05-17 00:00:00", "327369600"),
    "Cyrillic in Latin letters": ("Привет Иван", "Privet Ivan"),
    "Greek in Latin letters": ("Γιωργος Παππας", "Giorgos Pappas"),
    "Cyrillic read in the wrong encoding": ("Привет Иван", "Привет Иван".encode("cp1251").decode("latin-1")),
    "a name in a Chinese text": ("李小龍先生今天生病了", "李小龍"),
    "a name in a Korean text": ("김민수 고객님은 아프십니다", "김민수"),
}


@pytest.mark.parametrize(("value", "quoted"), OTHERWISE.values(), ids=OTHERWISE)
def test_a_value_is_recognised_in_other_letters_digits_and_orders(value, quoted):
    shown = redacted(f"bad value: ({quoted}), code 17", [{"search": {"x": value}}])
    assert shown.startswith("bad value: (")
    assert shown.endswith("), code 17")
    assert set(shown.removeprefix("bad value: (").removesuffix("), code 17")) <= set("*0xb/.- 1580,")
    assert "***" in shown


@pytest.mark.parametrize(
    "message",
    [
        "error.unknown_record",
        "error.missing_numberid_or_search",
        "Record 404404 is locked by another agent",
        "no such disposition: 2",
        "no project 17",
    ],
)
def test_what_is_the_servers_own_stays(private, message):
    assert private.redacted(message) == message


def test_short_values_and_words_of_the_elements_own_do_not_come_through(private):
    assert private.redacted("no record of NAGY") == "no record of ***"
    assert private.redacted("Janed?", {"description": "Janed is ill"}) == "***?"
    assert private.redacted("the user Janed", {"description": "Janed is ill"}) == "the user ***"


def test_a_known_name_stays_whatever_a_value_is():
    assert redacted("error.unknown_record", ["unknown record"]) == "error.unknown_record"


@pytest.mark.parametrize("code", [None, 417, 99999, "E42", "417"])
def test_a_code_stays(private, code):
    assert private.code(code) == code


@pytest.mark.parametrize("code", [36301234567, "Janedoe", "E-Janedoe Kov"])
def test_a_code_that_quotes_is_masked(private, code):
    assert "***" in str(private.code(code))


def test_what_stands_in_a_search_is_personal_also_where_it_is_an_id():
    assert redacted("none for 36301234567", [{"search": {"numberid": "36301234567"}}]) == "none for ***"
    assert redacted("none for 36301234567", [{"numberid": "36301234567"}]) == "none for 36301234567"


def test_many_different_messages_of_one_request_are_read_in_reasonable_time(private):
    elements = [
        {"numberid": str(n + 9_000), "description": f"Number {n * 7919} wants to be called back"} for n in range(500)
    ]
    private = Redaction().of(elements)
    shown = [private.redacted(f"{e['numberid']}: {e['description']}", e) for e in elements]
    assert set(shown) == {f"{n}: ***" for n in range(9_000, 9_500)}


@pytest.mark.parametrize(
    "quote", [QUOTES["in base64"], QUOTES["in base64 twice"], QUOTES["in hex"], QUOTES["as it is"]]
)
def test_a_quote_is_taken_out_each_time_that_it_stands_in_a_message(private, quote):
    shown = private.redacted(f"a: {quote} | b: {quote} | c: {quote}")
    assert shown.count("***") == 3
    assert shown.replace("***", "").replace("=", "") == "a:  | b:  | c: "


COSTLY = {
    "base64 in base64": base64.b64encode(base64.b64encode(base64.b64encode(DATA * 40))).decode(),
    "one letter": "A" * 2_000,
    "bits": "01100001 " * 222,
    "hex": DATA.hex() * 50,
    "escapes": "\\u0068" * 333,
    "backslashes": "\\" * 2_000,
    "tags": "<" * 2_000,
    "days": "2020-01-01 " * 180,
}


@pytest.mark.parametrize("message", COSTLY.values(), ids=COSTLY)
def test_a_message_that_is_made_to_cost_much_costs_little(private, message):
    began = time.process_time()
    private.redacted(message)
    assert time.process_time() - began < 1


def test_values_full_of_days_cost_little():
    began = time.process_time()
    redacted("no record of Janedoe", [{"search": {"x": " ".join(f"2020-01-{n % 28 + 1:02}" for n in range(20_000))}}])
    assert time.process_time() - began < 2


def test_one_message_about_many_elements_with_much_to_say_costs_little():
    """Each of them has words of its own, and what all have in common was looked for again and again."""
    letters = random.Random(1).choices(string.ascii_lowercase + "    ", k=500_000)
    notes = ["".join(letters[at : at + 1000]) for at in range(0, len(letters), 1000)]
    request = [{"numberid": str(at), "description": note} for at, note in enumerate(notes)]
    private = Private(request)
    began = time.process_time()
    for element in request:
        private.redacted("the storage engine of this node was not available, ask somebody", element)
    assert time.process_time() - began < 10
