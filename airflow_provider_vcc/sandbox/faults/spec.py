"""Faults as text, for the command line: the inverse of ``str(fault)``.

::

    faults     = step ("," step)*                 a script: one step for each request in turn
    step       = layer ("+" layer)*               the first one is the outermost
    layer      = kind ("|" kind)* ("@" condition)*
    kind       = name (":" argument)*  |  "(" step ")"
    condition  = share "%" (":" seed)?  |  name ":" number
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import fields
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from airflow_provider_vcc.sandbox.faults.combining import CONDITIONS, Fault, OneOf, Script, When
from airflow_provider_vcc.sandbox.faults.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_vcc.sandbox.faults.combining import Single

__all__ = ["parse"]

TOKEN = re.compile(r"[,+|@()]|[^,+|@()\s]+")
TYPES = {"int": int, "float": float, "str": str}
PERCENT = 100


def parse(text: str) -> Fault:
    """Read faults as ``--fault`` takes them; ValueError says what is wrong with them."""
    tokens = deque(TOKEN.findall(text))
    faults = _list(tokens, ",", _step)
    if tokens:
        raise ValueError(f"{tokens[0]!r} does not belong there in {text!r}")
    return faults[0] if len(faults) == 1 else Script(faults)


def _list(tokens: deque[str], separator: str, read: Callable[[deque[str]], Fault]) -> list[Fault]:
    faults = [read(tokens)]
    while tokens and tokens[0] == separator:
        tokens.popleft()
        faults.append(read(tokens))
    return faults


def _step(tokens: deque[str]) -> Fault:
    return reduce(add, _list(tokens, "+", _layer))


def _layer(tokens: deque[str]) -> Fault:
    faults = _list(tokens, "|", _atom)
    if len(faults) > 1 and not _has_share(tokens):
        raise ValueError("alternatives (a|b) need a share behind them, such as a|b@5%")
    fault = faults[0]
    while tokens and tokens[0] == "@":
        tokens.popleft()
        fault = _condition(tuple(faults), _pop(tokens))
        faults = [fault]
    return fault


def _has_share(tokens: deque[str]) -> bool:
    return len(tokens) > 1 and tokens[0] == "@" and "%" in tokens[1]


def _condition(faults: tuple[Fault, ...], text: str) -> Fault:
    name, _, value = text.partition(":")
    try:
        if name.endswith("%"):
            return OneOf(float(name.removesuffix("%")) / PERCENT, faults, int(value or 0))
        if name in CONDITIONS:
            return When(faults[0], name, float(value))
    except ValueError:
        pass
    names = ", ".join(CONDITIONS)
    raise ValueError(f"{text!r} is not a condition: use a share such as 5%, or {names} with a number (first:20)")


def _atom(tokens: deque[str]) -> Fault:
    word = _pop(tokens)
    if word == "(":
        fault = _step(tokens)
        if _pop(tokens) != ")":
            raise ValueError("a bracket is not closed")
        return fault
    name, *arguments = word.split(":")
    if name == Fault.kind:
        return Fault()
    if name.isdigit():
        name, arguments = "status", [name, *arguments]
    if name not in KINDS:
        raise ValueError(f"{name!r} is not a fault: use one of {', '.join(KINDS)}, or a status such as 503")
    return _made(KINDS[name], arguments)


def _pop(tokens: deque[str]) -> str:
    if not tokens:
        raise ValueError("something is missing at the end")
    return tokens.popleft()


def _made(kind: type[Single], arguments: list[str]) -> Single:
    types = {field.name: str(field.type) for field in fields(kind) if field.init}
    unnamed = iter([name for name, type_ in types.items() if type_ != "bool"])
    values: dict[str, object] = {}
    try:
        for argument in arguments:
            if types.get(argument.removeprefix("no-")) == "bool":
                values[argument.removeprefix("no-")] = not argument.startswith("no-")
                continue
            name, equals, value = argument.partition("=")
            name, value = (name, value) if equals else (next(unnamed), name)
            values[name] = TYPES[types[name]](value)
        return kind(**values)
    except (ValueError, TypeError, KeyError, StopIteration) as error:
        reason = str(error) if isinstance(error, ValueError) else "too few or too many arguments"
        usage = ":".join([kind.kind, *(f"[no-]{name}" if type_ == "bool" else name for name, type_ in types.items())])
        raise ValueError(f"{kind.kind}:{':'.join(arguments)} is not of the form {usage}: {reason}") from error
