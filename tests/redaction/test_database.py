"""What a database says is shown as far as its words are known, and its code always."""

from __future__ import annotations

import pytest

from airflow_provider_vcc.redaction import of_database

SQL = "SELECT numbrid, note AS description FROM crm.callbacks WHERE city = 'Fourwinds' ORDER BY due_at"


class InvalidText(Exception):  # as psycopg names its errors
    sqlstate = "22P02"


class Orig(Exception):
    """What SQLAlchemy wraps around a driver's error."""

    def __init__(self, orig):
        super().__init__(f"(driver.Error) {orig} [SQL: INSERT Janedoe]")
        self.orig = orig


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('invalid input syntax for type integer: "Janedoe"', 'invalid input syntax for type integer: "***"'),
        ('column "numbrid" does not exist\nLINE 1: SELECT numbrid', 'column "numbrid" does not exist'),
        ('relation "crm.callbacks" does not exist', 'relation "crm.callbacks" does not exist'),
        ('column "janedoe" does not exist', 'column "***" does not exist'),
        ("Incorrect integer value: 'Janedoe Kovacs' for column 'note' at row 1", "for column 'note' at row 1"),
        ("Unknown column 'numbrid' in 'field list'", "Unknown column 'numbrid' in 'field list'"),
        ("Data too long: Janedoe is ill", "Data too long: *** is ***"),
        ("no such column: Fourwinds", "no such column: ***"),
        ("UNIQUE constraint failed: callbacks.note", "UNIQUE constraint failed: callbacks.note"),
        ("Unknown column 'numbrid' in 'where clause'", "Unknown column 'numbrid' in 'where clause'"),
        ("Could not decode to UTF-8 column 'note' with text 'please call back after work'", "column 'note' with"),
        ("Incorrect value: 'wrong person, will not call again' for column 'note'", "Incorrect value: '***'"),
        (
            "Incorrect number of bindings supplied. The current statement uses 1",
            "number of bindings supplied",
        ),
        ("could not determine data type of parameter $1", "could not determine data type of parameter"),
        ("value 36301234567 is out of range at position 12", "value *** is out of range at position 12"),
    ],
)
def test_known_words_and_names_of_the_query_are_shown_and_values_are_not(said, shown):
    text = of_database(InvalidText(said), SQL)
    assert text.startswith("InvalidText 22P02: ")
    assert shown in text
    assert not {"Janedoe", "janedoe", "Kovacs", "Fourwinds", "3630123"} & set(text.replace('"', " ").split())
    assert "anedoe" not in text


def test_what_sqlalchemy_adds_is_left_out():
    assert of_database(Orig(InvalidText("deadlock detected")), "") == "InvalidText 22P02: deadlock detected"


def test_a_number_that_the_driver_gives_first_is_its_code():
    assert of_database(OSError(1366, "Incorrect value: 'Janedoe'")).startswith("OSError 1366")


def test_nothing_but_kind_and_code_is_left_of_an_error_that_only_quotes():
    assert of_database(InvalidText("Janedoe Kovacs")) == "InvalidText 22P02"
