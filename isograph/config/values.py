"""Settings by name: which types their values have, and how values are written as text.

The one place where text becomes a value: the command line hands over ``KEY=VALUE``, from Python values come as they
are.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from isograph.errors import did_you_mean, shown

AUTO = "auto"
_OPTIONAL = " | None"
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


def names_given(names: str | Iterable[str]) -> tuple[str, ...]:
    """Return names as a tuple; one text is one name."""
    return (names,) if isinstance(names, str) else tuple(names)


def setting_types(configuration: type) -> dict[str, str]:
    """Return the annotation of every field of a dataclass, by name."""
    return {field.name: str(field.type) for field in fields(configuration)}


def typed_values(
    values: Mapping[str, object], types: Mapping[str, str], *, noun: str = "setting"
) -> tuple[dict[str, Any], list[str]]:
    """Return the values in the types of their settings, and what is wrong with the others.

    A list stands for a tuple, a whole number for a number.

    types: the annotation of every setting, by name. noun: what messages call a setting.
    """
    typed: dict[str, Any] = {}
    problems = []
    for name, value in values.items():
        if name not in types:
            known = f" ({', '.join(types)})"
            problems.append(f"there is no {noun} '{shown(name)}'{did_you_mean(name, types, known)}")
            continue
        try:
            typed[name] = _typed(value, types[name])
        except TypeError:
            got = f"'{shown(value)}'" if isinstance(value, str) else shown(value_text(value))
            required = types[name].removesuffix(_OPTIONAL)
            or_auto = f", or {AUTO}" if required != types[name] else ""
            problems.append(f"{name} is {got}, expected {_EXPECTED[required]}{or_auto}")
    return typed, problems


def values_of_texts(texts: Mapping[str, str], types: Mapping[str, str]) -> dict[str, object]:
    """Return what each text stands for: ``12``, ``0.3,0.5`` or ``[0.3, 0.5]``, ``true``, ``{coupled = 1.0}``, ``auto``.

    Texts that stand for nothing of the setting's type stay texts, and ``typed_values`` refuses them.
    """
    return {name: _value_of_text(text, types.get(name, "str")) for name, text in texts.items()}


def value_text(value: object) -> str:
    """Return a value as TOML has it, texts without quotes; None is ``auto``."""
    if value is None:
        return AUTO
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key} = {value_text(entry)}' for key, entry in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(value_text, value))}]"
    return str(value)


def _value_of_text(text: str, annotation: str) -> object:
    if annotation.endswith(_OPTIONAL):
        return None if text == AUTO else _value_of_text(text, annotation.removesuffix(_OPTIONAL))
    if annotation.startswith("tuple["):
        inner = annotation[len("tuple[") : -len(", ...]")]
        parts = text.strip().removeprefix("[").removesuffix("]").split(",")
        return tuple(_value_of_text(part.strip().strip("\"'"), inner) for part in parts if part.strip())
    if annotation == "bool":
        return {"true": True, "false": False}.get(text.lower(), text)
    try:
        if annotation.startswith("Mapping["):
            return tomllib.loads(f"value = {text}")["value"]
        return {"int": int, "float": float}.get(annotation, str)(text)
    except ValueError:
        return text


def _typed(value: object, annotation: str) -> object:
    """Return ``value`` as the annotation says, or raise TypeError."""
    if annotation.endswith(_OPTIONAL):
        return None if value is None else _typed(value, annotation.removesuffix(_OPTIONAL))
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
