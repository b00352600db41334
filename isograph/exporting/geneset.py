"""Modules as gene sets and ranked lists, for enrichment elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from isograph.exporting.membership import Scores, gene_memberships
from isograph.store.spreadsheet import guarded_text

Names = Mapping[str, str]


def gmt(modules: pl.DataFrame, module_ids: Sequence[str], names: Names, *, raw: bool = False) -> bytes:
    """Return one line a module: its name, what it is, its genes by |kme|; all with tabs between them.

    names: what a gene is called, where that is not its id. A name that two genes share stands once.
    """
    lines = []
    for module in module_ids:
        genes = modules.filter(module_id=module).get_column("gene_id").to_list()
        called = [_text(name, raw=raw) for name in _called(genes, names)]
        lines.append("\t".join([module, f"{len(genes)} genes, hub {called[0]}", *called]))
    return _joined(lines)


def background(genes: Sequence[str], names: Names, *, raw: bool = False) -> bytes:
    """Return one line a gene that could have been in a module: what enrichment is to be tested against."""
    return _joined([_text(name, raw=raw) for name in _called(genes, names)])


def ranked_lists(scores: Scores, module_ids: Sequence[str], names: Names, *, raw: bool = False) -> dict[str, bytes]:
    """Return, by module, every gene with a feature and its kME with that module, largest first.

    Of genes that share a name the one of the largest |kME| is kept.
    """
    memberships = gene_memberships(scores)
    lists = {}
    for module in module_ids:
        kme = memberships[:, scores.module_ids.index(module)]
        strongest = np.argsort(-np.abs(kme), kind="stable")
        kept: dict[str, float] = {}
        for gene in strongest.tolist():
            kept.setdefault(names.get(scores.gene_ids[gene], scores.gene_ids[gene]), float(kme[gene]))
        ranked = sorted(kept.items(), key=lambda entry: (-entry[1], entry[0]))
        lists[module] = _joined([f"{_text(name, raw=raw)}\t{value:.6g}" for name, value in ranked])
    return lists


def _called(genes: Sequence[str], names: Names) -> list[str]:
    return list(dict.fromkeys(names.get(gene, gene) for gene in genes))


def _text(name: str, *, raw: bool) -> str:
    # NOTE: gene sets are read by programs: a name that a spreadsheet would only rewrite is left as it is.
    return name if raw else guarded_text(name)


def _joined(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
