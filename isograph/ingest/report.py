"""What an import found, matched, dropped and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """The content of ``import_report.json``.

    Attributes
    ----------
    files : quantification files, relative to the source.
    found : sizes before matching and filtering.
    written : sizes of the bundle.
    samples : id column, renamed samples, samples without a partner, how every column was read, what the tool recorded.
    genes : where the genes of transcripts came from, the strip rule with its overlap, what stayed without a gene.
    filters : thresholds, and genes and transcripts before and after.
    """

    dataset_name: str
    source: str
    format: str
    level: str
    scale: str
    files: tuple[str, ...]
    found: Mapping[str, int]
    written: Mapping[str, int]
    samples: Mapping[str, Any]
    genes: Mapping[str, Any]
    filters: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, ready for JSON."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def to_json(self) -> bytes:
        """Return the report as JSON with sorted keys: same import, same bytes."""
        return orjson.dumps(self.to_dict(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
