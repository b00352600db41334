"""Fields of a spec that are given by the user."""

from __future__ import annotations

from collections.abc import Mapping

from isograph.simulate.spec import FixtureSpec, checked_spec, field_types
from isograph.simulate.value import given_value, typed_values


def overridden_spec(spec: FixtureSpec, given: Mapping[str, object]) -> FixtureSpec:
    """Return ``spec`` with the fields ``given``.

    Texts are read as TOML values, ``12``, ``10,10`` or ``[10, 10]``, ``{coupled = 1.0}``; others stay as they are.

    Raises
    ------
    SpecError
        Unknown fields, values of another type or out of range; all are named.
    """
    types = field_types()
    values = {
        name: given_value(value, types.get(name, "str")) if isinstance(value, str) else value
        for name, value in given.items()
    }
    typed, problems = typed_values(values, types)
    return checked_spec({**spec.values, **typed}, problems)
