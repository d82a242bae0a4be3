"""JSON arrays and JSON Lines, from files and texts."""

from __future__ import annotations

import io
import json
import tracemalloc
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.sources import from_elements, open_path
from airflow_provider_vcc.dispositions.sources.bytes.encoding import as_utf8
from airflow_provider_vcc.dispositions.sources.text.json_array import split_array
from airflow_provider_vcc.dispositions.sources.text.json_lines import split_lines
from airflow_provider_vcc.exceptions import VccConfigurationError, VccInputError

AWKWARD = st.sampled_from(
    ["},{", '"', "\\", "\\\\", '\\"},{', "[", "]", "}", ",", "ű", "\u2028", "🎉", "", " ", "\n", "\r"]
)
TEXTS = st.lists(AWKWARD | st.text(max_size=3), max_size=3).map("".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
ELEMENTS = st.lists(st.dictionaries(TEXTS, VALUES, max_size=3) | VALUES, max_size=8)
BLOCK_SIZES = st.integers(1, 60)


def in_blocks(data, size):
    return [data[start : start + size] for start in range(0, len(data), size)]


def read_all(source, size=3):
    """Return the elements, and the error that ended them; see that positions are consecutive."""
    found, error = [], None
    try:
        for rows in source.read(size):
            assert rows.start == len(found)
            found += rows.texts
    except VccInputError as raised:
        error = raised
    return [json.loads(text) for text in found], error


def split_all(split, data, block_size, encoding=None):
    """Return the elements of all pieces, and the error that ended them."""
    found, error = [], None
    try:
        for texts in split(as_utf8(in_blocks(data, block_size), "x.json", encoding), "x.json"):
            found += texts
    except VccInputError as raised:
        error = raised
    return [json.loads(text) for text in found], error


def test_blanks_before_an_array_take_no_memory():
    blocks = (b" " * 262_144 for _ in range(400))
    tracemalloc.start()
    found = list(split_array(chain(blocks, [b'[{"numberid": "1"}]']), "a.json"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [[b'{"numberid": "1"}']]
    assert peak < 4 * 1024 * 1024


@given(ELEMENTS, BLOCK_SIZES, st.sampled_from([None, 1, 70]), st.booleans(), st.booleans())
def test_array_gives_its_elements_whatever_is_in_them_and_wherever_blocks_end(elements, size, indent, ascii_only, bom):
    data = json.dumps(elements, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    if bom:
        data = b"\xef\xbb\xbf" + data
    assert split_all(split_array, data, size) == (elements, None)


@given(ELEMENTS, BLOCK_SIZES, st.sampled_from(["\n", "\r\n", "\n\n", "\n \t\n"]), st.booleans(), st.booleans())
def test_json_lines_give_their_elements_with_any_line_end_and_blank_lines(elements, size, end, last, bom):
    lines = [json.dumps(element, ensure_ascii=False) for element in elements]
    data = (end.join(lines) + (end if last else "")).encode()
    if bom:
        data = b"\xef\xbb\xbf" + data
    if not (lines and lines[0].startswith("[{")) and lines[:1] != ["["]:
        assert split_all(split_lines, data, size) == (elements, None)


@given(st.lists(st.dictionaries(TEXTS, VALUES, max_size=3), min_size=1, max_size=6), BLOCK_SIZES, st.data())
def test_array_that_is_cut_anywhere_gives_its_complete_elements_and_says_where_it_ends(elements, size, data):
    whole = json.dumps(elements, ensure_ascii=False).encode()
    cut = data.draw(st.integers(1, len(whole) - 1))
    ends = [len(json.dumps(elements[:count], ensure_ascii=False).encode()) - 1 for count in range(len(elements) + 1)]
    complete = sum(end <= cut for end in ends[1:])
    found, error = split_all(split_array, whole[:cut], size)
    assert found == elements[:complete]
    assert error is not None
    assert (error.source, f"element {complete}" in error.place) == ("x.json", True)


@given(st.lists(st.dictionaries(TEXTS, VALUES, max_size=3), max_size=6), st.lists(VALUES, max_size=3), BLOCK_SIZES)
def test_array_with_a_syntax_error_gives_what_comes_before_it(before, after, size):
    good = "".join(json.dumps(element) + "," for element in before)
    data = f"[{good}{{'numberid': 1}},{json.dumps(after)[1:]}".encode()
    found, error = split_all(split_array, data, size)
    assert found == before
    assert error.place == f"byte {1 + len(good)}, in element {len(before)}"


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    ("text", "elements", "said"),
    [
        ('[{"a":1},]', 1, "comma too many"),
        ('[{"a":1},,{"a":2}]', 1, "comma too many"),
        ("[,]", 0, "comma too many"),
        ('[{"a":1}] [{"a":2}]', 1, "goes on after the end"),
        ('[{"a":1}]\n{"a":2},{"a":3}', 1, "goes on after the end"),
        ('[{"a":1}}', 1, "goes on after the end"),
        ('[{"a":1},{"a"]]', 1, "is not valid JSON"),
        ('[{"a":1},nonsense,{"a":1}]', 1, "is not valid JSON"),
        ('{"numberid": []}', 0, "JSON object, not an array"),
        ('"text"', 0, "is not a JSON array"),
        ("", 0, "is empty"),
        (" \n", 0, "is empty"),
    ],
)
def test_text_that_is_no_array_says_what_is_wrong_after_what_came_before(text, elements, said, size):
    found, error = split_all(split_array, text.encode(), size)
    assert len(found) == elements
    assert said in str(error)


def test_array_whose_bytes_break_off_gives_the_complete_elements_before():
    def blocks():
        yield b'[{"a":1},{"a":2},{"a":3}'
        raise VccInputError("cut off")

    pieces = split_array(blocks(), "x")
    assert [*next(pieces), *next(pieces)] == [b'{"a":1}', b'{"a":2}', b'{"a":3}']
    with pytest.raises(VccInputError, match="cut off"):
        next(pieces)


def test_lines_come_without_their_ends():
    assert list(split_lines([b'{"a":1}\r\n{"a":2}\r\n'], "x")) == [[b'{"a":1}', b'{"a":2}']]


def test_element_larger_than_many_blocks_comes_out_whole():
    large = {"search": [{"name": "},{" * 50, "n": number} for number in range(200)]}
    elements = [{"numberid": "1"}, large, {"numberid": "2"}]
    assert split_all(split_array, json.dumps(elements).encode(), 64) == (elements, None)


def test_deeply_nested_element_is_an_element_like_any_other_for_the_checker_to_judge():
    deep = b"[" * 5000 + b"]" * 5000
    texts = [text for piece in split_array([b'[{"a":1},' + deep + b"]"], "x") for text in piece]
    assert texts == [b'{"a":1}', deep]


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_json_lines_that_are_no_utf8_give_the_lines_before_and_the_place(size):
    data = b'{"a":1}\n{"a":"\xc5\xb1"}\n{"a":"\xff"}\n{"a":2}\n'
    found, error = split_all(split_lines, data, size)
    assert found == [{"a": 1}, {"a": "ű"}]
    assert error.place == f"line 3, byte {data.index(0xFF)}"


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_array_that_is_no_utf8_gives_the_elements_before_and_the_place(size):
    found, error = split_all(split_array, b'[{"a":1},{"a":"\xc5\xb1"},{"a":"\xff"},{"a":2}]', size)
    assert found == [{"a": 1}, {"a": "ű"}]
    assert "not UTF-8" in str(error)
    assert "element 2" in error.place


LINES = '{"a": "árvíztűrő"}\n{"a": 2}\n'


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32", "windows-1250"])
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_json_is_read_in_the_encoding_that_its_mark_or_somebody_says(encoding, size):
    elements = [{"a": "árvíztűrő"}, {"a": 2}]
    given_ = encoding if encoding == "windows-1250" else None
    for split, text in ((split_array, json.dumps(elements, ensure_ascii=False)), (split_lines, LINES)):
        assert split_all(split, text.encode(encoding), size, given_) == (elements, None)


@pytest.mark.parametrize("size", [1, 5, 1000, 300_000])
def test_an_element_that_only_python_takes_for_json_breaks_no_array(size):
    odd = ['{"a": "\\ud83d"}', '{"a": NaN}', '{"a": ' + "9" * 5001 + "}"]
    text = ",".join(['{"a": 1}', odd[0], '{"a": 2}', *odd[1:], '{"a": 3}'])
    texts = [one for piece in split_array(in_blocks(f"[{text}]".encode(), size), "x") for one in piece]
    assert [one.decode() for one in texts] == ['{"a": 1}', odd[0], '{"a": 2}', *odd[1:], '{"a": 3}']


def within(most_mib, split, blocks):
    """Return all elements that are split, and see that no more memory than that was taken."""
    tracemalloc.start()
    found = [one for piece in split(blocks, "x") for one in piece]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < most_mib * 1024 * 1024
    return found


@pytest.mark.parametrize("filling", [b"x", b"[", b'\\"'])
def test_an_element_that_is_too_large_is_invalid_and_its_neighbours_go_on(filling):
    def blocks(before, behind):
        yield before
        for _ in range(160):
            yield filling * (262_144 // len(filling))
        yield behind

    large = b'{"a": "'
    found = within(20, split_array, blocks(b'[{"a": 1},' + large, b'"}, {"a": 2},{"a": 3}]'))
    assert [*found[:1], *found[2:]] == [b'{"a": 1}', b'{"a": 2}', b'{"a": 3}']
    assert found[1].reason == "larger than 4 MiB"
    found = within(20, split_array, blocks(b"[" + large, b'"}]'))
    assert [one.reason for one in found] == ["larger than 4 MiB"]
    found = within(20, split_lines, blocks(b'{"a": 1}\n' + large, b'"}\n{"a": 2}\n'))
    assert (found[0], found[1].reason, found[2]) == (b'{"a": 1}', "the line is longer than 4 MiB", b'{"a": 2}')


def test_a_large_element_that_is_never_ended_is_a_break_after_what_came_before():
    found, error = split_all(split_array, b'[{"a":1},{"a":"' + b"x" * 6_000_000, 262_144)
    assert found == [{"a": 1}]
    assert "breaks off" in str(error)


@pytest.mark.parametrize("text", ['{"elements": [{"numberid": "1"}]}', '{"disposition": {},\n "elements" : []}'])
def test_a_whole_request_in_a_file_is_named_for_what_it_is(text):
    found, error = split_all(split_array, text.encode(), 1000)
    assert found == []
    assert "is a whole request" in str(error)
    assert "as the parameters disposition and avoid_in_call" in str(error)


@pytest.mark.parametrize("beginning", [b'[{"a":1},\n', b"[\n", b"\n [ \r\n", b"\xef\xbb\xbf[ {"])
def test_array_in_a_file_of_json_lines_is_named(beginning):
    found, error = split_all(split_lines, beginning + b'{"a":2}]\n', 1000)
    assert found == []
    assert "JSON array" in str(error)
    assert ".json" in str(error)


def test_line_that_is_no_json_is_a_row_for_the_checker_to_judge():
    assert list(split_lines([b'{"a":1}\n[1]\nnonsense\n'], "x")) == [[b'{"a":1}', b"[1]", b"nonsense"]]


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".ndjson", ".JSONL"])
@pytest.mark.parametrize("count", [0, 1, 6, 7])
def test_file_comes_in_batches_of_exactly_the_size_but_for_the_last_and_can_be_read_again(tmp_path, suffix, count):
    elements = [{"numberid": str(number)} for number in range(count)]
    path = tmp_path / f"elements{suffix}"
    path.write_text(json.dumps(elements) if suffix == ".json" else "\n".join(map(json.dumps, elements)))
    source = open_path(str(path))
    assert (source.name, source.repeatable, source.total) == (str(path), True, None)
    for _ in range(2):
        assert read_all(source) == (elements, None)
        assert [len(rows) for rows in source.read(3)] == [3] * (count // 3) + [count % 3] * (count % 3 > 0)
        assert source.share() == (1.0 if path.stat().st_size else None)


def test_share_grows_with_the_bytes_that_were_read(tmp_path):
    path = tmp_path / "elements.jsonl"
    path.write_bytes(b'{"numberid": "1"}\n' * 100_000)
    source = open_path(str(path))
    shares = [source.share() for _ in source.read(10_000)]
    assert 0 < shares[0] < 0.5
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_file_is_closed_when_its_reader_stops_early(tmp_path):
    path = tmp_path / "elements.jsonl"
    path.write_bytes(b"{}\n" * 10)
    opened = []

    def opener(path):
        opened.append(open(path, "rb"))  # noqa: PTH123, SIM115 -- the source closes it
        return opened[-1]

    reading = open_path(str(path), opener=opener).read(2)
    next(reading)
    reading.close()
    assert opened[0].closed


@pytest.mark.parametrize(
    "text", ['[{"a": 1}, {"a": "ű"}]', '\ufeff [{"a": 1},\n{"a": "ű"}]\n', '{"a": 1}\n{"a": "ű"}\n']
)
@pytest.mark.parametrize("kind", [str, str.encode, lambda text: bytearray(text.encode())])
def test_text_is_read_as_an_array_or_as_json_lines(text, kind):
    source = from_elements(kind(text))
    assert (source.name, source.repeatable) == ("elements", True)
    assert read_all(source) == ([{"a": 1}, {"a": "ű"}], None)
    assert source.share() == 1.0


@given(ELEMENTS)
def test_text_gives_the_elements_of_any_list(elements):
    assert read_all(from_elements(json.dumps(elements, ensure_ascii=False))) == (elements, None)


def test_long_text_is_encoded_block_by_block_without_losing_a_character():
    elements = [{"description": "árvíztűrő" * number} for number in range(600)]
    assert read_all(from_elements(json.dumps(elements, ensure_ascii=False)), 100) == (elements, None)


def test_half_of_a_character_in_a_text_is_the_fault_of_its_element_only():
    for text in ('{"a": 1}\n{"a": "\ud800"}\n{"a": 2}', '[{"a": 1}, {"a": "\ud800"}, {"a": 2}]'):
        assert read_all(from_elements(text)) == ([{"a": 1}, {"a": "\ud800"}, {"a": 2}], None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{'numberid': '1'}]", "| tojson"),
        ("{'numberid': '1'}", "| tojson"),
        ("[[{'numberid': '1'}]]", "| tojson"),
        ("({'numberid': '1'},)", "| tojson"),
        ("[Element(numberid='1')]", "| tojson"),
        ("<generator object elements at 0x7f>", "| tojson"),
        ("LazySelectSequence([2 items])", "| tojson"),
        ('{\n  "elements": []\n}', "whole request"),
        ("None", "return nothing"),
        ("null", "return nothing"),
        ("17", "must be a list"),
        ("true", "must be a list"),
        ("records of today", "must be a list"),
        ('"[{}]"', "leave out one"),
        ('{\n  "numberid": "1"\n}', "wrap it in a list"),
        ("elements/today.jsonl", "elements_path"),
        ("s3://bucket/today.json.gz", "elements_path"),
    ],
)
def test_text_that_holds_no_elements_says_what_to_write_instead(text, said):
    with pytest.raises(VccConfigurationError) as raised:
        from_elements(text)
    assert said in str(raised.value)


def opened(data, name):
    return open_path(name, opener=lambda _: io.BytesIO(data), sizer=lambda _: len(data))


@pytest.mark.parametrize("odd", ["\t", "\0", "\n"])
def test_an_element_with_a_bare_control_character_costs_itself_and_not_the_array(odd):
    data = f'[{{"numberid": "1"}}, {{"numberid": "2{odd}"}}, {{"numberid": "3"}}]'.encode()
    (rows,) = opened(data, "a.json").read(10)
    batch = Checker().check(rows)
    assert ([element.numberid for element in batch.elements], list(batch.positions)) == (["1", "3"], [0, 2])
    assert batch.failures[0].errormessage == "not JSON"


def test_large_neighbours_break_off_before_they_take_all_of_the_memory():
    texts, error = read_all(opened((b'"' + b"x" * 3_900_000 + b'"\n') * 36, "a.jsonl"), 1000)
    assert len(texts) == 34
    assert "neighbouring elements that take more than 128 MiB together" in str(error)


def test_a_file_of_json_lines_that_holds_one_object_over_several_lines_is_named_for_it():
    with pytest.raises(VccInputError, match="a JSON object over several lines"):
        list(opened(b'{\n  "numberid": "1"\n}\n', "a.jsonl").read(10))
