"""What a fresh sandbox holds: projects, records, users, dispositions, and three hundred ways to say no."""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["CUSTOMER", "PROJECTS", "TOKEN", "error_kinds", "fields_of", "seed_records"]

CUSTOMER = "mycc"
TOKEN = "sandbox-token"  # noqa: S105 -- opens nothing but the sandbox
PROJECTS = {17: "Alumni", 18: "Newsletter", 42: "Surveys"}
FIELDS = ("name", "city", "phone")
NAMES = ("Green", "Baker", "Carter", "Dixon", "Ellis", "Fisher", "Gray", "Hughes", "Irwin", "Jones", "King", "Lane")
CITIES = ("Budapest", "Wien", "Praha", "Bratislava", "Ljubljana")

_REASONS = "invalid missing too_long locked unknown forbidden expired duplicate out_of_range used"
_SUBJECTS = (
    "disposition user callback record project contact campaign queue script team shift list owner channel template "
    "message address country language consent description priority retry quota licence number field form tag reason"
)
_AWKWARD = (
    "<script>alert('disposition')</script>",
    "A hívás nem módosítható – „zárolt” rekord",  # noqa: RUF001 -- as a Hungarian server would put it
    "line one\nline two",
    "error." + "very_" * 60 + "long",
    "",
)


def seed_records(count: int) -> Iterator[dict[str, str]]:
    """Make records ``"1"`` to ``str(count)``; each twelfth is named Green."""
    for number in range(1, count + 1):
        yield {
            "numberid": str(number),
            "name": NAMES[number % len(NAMES)],
            "city": CITIES[number % len(CITIES)],
            "phone": f"+3612{number:06d}",
        }


def fields_of(records: int | Sequence[Mapping[str, object]]) -> list[str]:
    """Name the custom fields of records, given or made up."""
    if isinstance(records, int):
        return list(FIELDS)
    return list(dict.fromkeys(name for record in records for name in record if name not in {"numberid", "in_call"}))


def error_kinds(count: int) -> list[tuple[int, str]]:
    """Make up to 300 different ``(errorcode, errormessage)``, the awkward ones (markup, umlauts, very long) first."""
    plain = (f"error.{reason}_{subject}" for reason, subject in product(_REASONS.split(), _SUBJECTS.split()))
    messages = [*_AWKWARD, *plain]
    return [(418 + number, message) for number, message in enumerate(islice(messages, count))]
