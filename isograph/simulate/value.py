"""Values of a spec's fields: from TOML, from the command line, and as text."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from isograph.errors import shown

_EXPECTED = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "tuple[int, ...]": "whole numbers, as in [12, 12]",
    "tuple[float, ...]": "numbers, as in [0.5, 0.5]",
    "tuple[str, ...]": 'texts, as in ["rin"]',
    "Mapping[str, float]": "numbers by name, as in {switch_only = 1.0}",
}


def typed_values(given: Mapping[str, object], types: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return the values as their fields' types, and what is wrong with the others.

    types: the annotation of every field there is, by name.
    """
    values: dict[str, Any] = {}
    problems = []
    for name, value in given.items():
        if name not in types:
            problems.append(f"there is no field '{shown(name)}'{_nearest(name, types)}")
            continue
        try:
            values[name] = _typed(value, types[name])
        except TypeError:
            problems.append(f"{name} is {shown(as_text(value))}, expected {_EXPECTED[types[name]]}")
    return values, problems


def given_value(text: str, annotation: str) -> object:
    """Return what ``text`` is in TOML; texts do without quotes, lists without brackets."""
    if annotation == "str":
        return text
    for candidate in (text, f"[{text}]"):
        try:
            document = tomllib.loads(f"value = {candidate}")
        except tomllib.TOMLDecodeError:
            continue
        if list(document) == ["value"]:
            return document["value"]
    return text.split(",") if annotation == "tuple[str, ...]" else text


def as_text(value: object) -> str:
    """Return a field's value as TOML has it, texts without quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key} = {as_text(entry)}' for key, entry in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_text, value))}]"
    return str(value)


def _typed(value: object, annotation: str) -> object:
    """Return ``value`` as the annotation says, or raise TypeError."""
    if annotation.startswith("tuple["):
        entries = value if isinstance(value, list | tuple) else [value]
        return tuple(_typed(entry, annotation[len("tuple[") : -len(", ...]")]) for entry in entries)
    if annotation.startswith("Mapping["):
        if not isinstance(value, Mapping):
            raise TypeError
        return {str(key): _typed(entry, "float") for key, entry in value.items()}
    if annotation == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value).__name__ != annotation:
        raise TypeError
    return value


def _nearest(name: str, known: Mapping[str, str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else f" ({', '.join(known)})"
