"""What a catalog is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from isograph.database.tree import Problem, Tree
from isograph.database.verify import Sound


@dataclass(frozen=True, slots=True)
class Contents:
    """What a catalog is made of.

    Attributes
    ----------
    files : by table, those that can be read.
    counts : count table → the query its rows come from, of those that can be had.
    traits : names of the traits of any run, in order of their names.
    """

    tree: Tree
    files: Mapping[str, Sequence[Sound]]
    problems: Sequence[Problem]
    counts: Mapping[str, str] = field(default_factory=dict)
    traits: Sequence[str] = ()
