"""How well the modules of random halves of your samples agree.

    python benchmarks/split_half.py BUNDLE [--where COLUMN=VALUE] [--covariate COLUMN ...] [--backend NAME]

The samples, or those with the value in the column, are halved at random five times, each half is fitted as any data set
is, and the modules of the two halves are compared. Prints JSON. ``agreement_of_halves``, means over the splits: ``ari``
and ``nmi`` over the genes in a module of both halves, ``share_in_both`` the share of all genes that are, ``ari_of_all``
over the genes in a module of either, a gene in none being a module of its own, with its standard error, and
``n_modules`` of a half. ``modules``: for each module of all samples together, the mean share of its gene pairs that a
half keeps in one module, and its best Jaccard index with a module of a half, mean over the halves.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson

from isograph.benchmarking.stability import StabilityRequest, stability_report
from isograph.bundle.bundle import Bundle
from isograph.bundle.read import read_bundle
from isograph.bundle.write import write_bundle
from isograph.errors import IsographError, UsageError, examples
from isograph.pipeline.fit import fit
from isograph.runtime.threads import set_thread_environment, usable_cores

N_SPLITS = 5
SHOWN = ("n_samples", "n_genes", "projected_out", "n_halves", "samples_in_a_half", "agreement_of_halves", "modules")


def samples_where(bundle: Bundle, condition: str) -> Bundle:
    """Return the bundle of the samples that have a value in a column, given as ``column=value``."""
    column, equals, value = condition.partition("=")
    samples = bundle.samples
    if not equals or column not in samples.columns:
        raise UsageError(
            f"--where is '{condition}', expected COLUMN=VALUE of the columns {', '.join(samples.columns)}."
        )
    texts = samples.get_column(column).cast(str)
    columns = np.flatnonzero((texts == value).fill_null(value=False).to_numpy())
    if not len(columns):
        raise UsageError(f"no sample has {column} = '{value}'. Its values are {examples(texts.unique().sort())}.")
    return replace(
        bundle,
        samples=samples[columns.tolist()],
        matrices={name: np.ascontiguousarray(matrix[:, columns]) for name, matrix in bundle.matrices.items()},
    )


def progress(done: int, total: int) -> None:
    """Say how many fits are done."""
    print(f"\r{done} of {total} fits", end="" if done < total else "\n", file=sys.stderr, flush=True)


def halves_report(arguments: argparse.Namespace, directory: Path) -> dict[str, object]:
    """Return what the arguments ask for; ``directory`` is for what is made on the way."""
    bundle = arguments.bundle
    if arguments.where is not None:
        bundle = write_bundle(samples_where(read_bundle(bundle), arguments.where), directory / "bundle")
    request = StabilityRequest(
        fit=fit,
        bundle=bundle,
        directory=directory,
        backend=arguments.backend,
        seed=arguments.seed,
        covariates=tuple(arguments.covariate),
        n_splits=N_SPLITS,
        values=(),
    )
    report = stability_report(request, workers=arguments.jobs or usable_cores(), progress=progress)
    return {name: report[name] for name in SHOWN}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--where", metavar="COLUMN=VALUE", help="use the samples with this value only")
    parser.add_argument("--covariate", action="append", default=[], help="sample column to project out")
    parser.add_argument("--backend", default="factor", help="how modules are inferred")
    parser.add_argument("--seed", type=int, default=0, help="seed of the halves and of the fits")
    parser.add_argument("--jobs", type=int, help="fits at once; as many as there are cores unless given")
    arguments = parser.parse_args()
    if arguments.jobs is not None and arguments.jobs < 1:
        parser.error("--jobs is 1 or more")
    set_thread_environment(1)
    try:
        with tempfile.TemporaryDirectory() as directory:
            report = halves_report(arguments, Path(directory))
    except IsographError as error:
        sys.exit(str(error))
    print(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode())


if __name__ == "__main__":
    main()
