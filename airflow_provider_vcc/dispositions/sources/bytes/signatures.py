"""What the first bytes of a file say of it, whatever its name ends in."""

from __future__ import annotations

import re

__all__ = ["check_named", "check_text", "signature"]

_SIGNATURES = (
    (re.compile(rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument\.spreadsheet", re.DOTALL), ".ods"),
    (re.compile(rb"PK\x03\x04"), ".xlsx"),
    (re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), ".xls"),
    (re.compile(rb"PAR1"), ".parquet"),
    (re.compile(rb"\x1f\x8b\x08"), ".gz"),
    (re.compile(rb"BZh[1-9]1AY&SY"), ".bz2"),
    (re.compile(rb"\xfd7zXZ\x00"), ".xz"),
    (re.compile(rb"\x28\xb5\x2f\xfd"), ".zst"),
)
_NAMES = {
    ".ods": "a workbook of OpenDocument (.ods)",
    ".xlsx": "a workbook of Excel (.xlsx), or another ZIP archive",
    ".xls": "a workbook of Excel (.xls), or one with a password",
    ".parquet": "Parquet",
}


def signature(beginning: bytes) -> str | None:
    """Return what a name should end in by the first bytes; None if they say nothing."""
    return next((suffix for pattern, suffix in _SIGNATURES if pattern.match(beginning)), None)


def check_text(beginning: bytes) -> str | None:
    """Return what is wrong with a text by its first bytes, and what to do; None if nothing is."""
    suffix = signature(beginning)
    if suffix is None:
        return None
    kind = _NAMES.get(suffix, f"compressed ({suffix})")
    return f"is not a text but {kind}; let its name end in {suffix}"


def check_named(beginning: bytes, named: str) -> str | None:
    """Return what a file is instead of what its name says, by its first bytes; None if they do not say so.

    :param named: what its name ends in.
    """
    suffix = signature(beginning)
    if suffix is None or suffix == named:
        return None
    return f"is not {named} but {_NAMES.get(suffix, f'compressed ({suffix})')}; let its name end in {suffix}"
