"""How transcript ids of a quantification and of an annotation are made to agree, and why they do not."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from isograph.bundle.findings import repeated_values
from isograph.errors import InputError, examples, option

# NOTE: "_7" is what GENCODE appends to ids lifted to another assembly; "_PAR_Y" is part of the id, not of its version.
_VERSION = r"\.\d+(?:_\d+)?(_PAR_Y)?$"
_BAR = r"\|.*$"
RULES = ("none", "version", "bar", "version+bar")
SENTENCES = {
    "none": "ids as they are",
    "version": "stripping '.N'",
    "bar": "cutting at '|'",
    "version+bar": "cutting at '|' and stripping '.N'",
}
EXAMPLES_A_SIDE = 3


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many ids agree under one rule.

    Attributes
    ----------
    n_quantified, n_annotated : different ids.
    quantified_matched, annotated_matched : ids with a partner among the others.
    ambiguous : ids the rule makes equal: two quantified transcripts, or annotated ones of different genes.
    """

    rule: str
    n_quantified: int
    n_annotated: int
    quantified_matched: int
    annotated_matched: int
    ambiguous: int

    @property
    def share(self) -> float:
        """Share of the quantified ids that have a partner, in [0, 1]."""
        return self.quantified_matched / self.n_quantified if self.n_quantified else 0.0


@dataclass(frozen=True, slots=True)
class GeneMatch:
    """Genes of the quantified transcripts.

    Attributes
    ----------
    gene_ids, gene_names : (n_transcripts,), null where no gene was found; ``gene_names`` None if the map has none.
    overlap : under the rule that was used.
    as_is : under no rule.
    advice : what to say when transcripts stay without a gene.
    """

    gene_ids: pl.Series
    gene_names: pl.Series | None
    overlap: Overlap
    as_is: Overlap
    advice: str


def stripped(ids: pl.Series, rule: str) -> pl.Series:
    """Return ``ids`` under a strip rule: ``version`` drops ``.N`` and keeps ``_PAR_Y``, ``bar`` cuts at the first bar.

    Examples
    --------
    >>> stripped(pl.Series(["ENST01.8_PAR_Y", "ENST02.1|ENSG01.4|"]), "version+bar").to_list()
    ['ENST01_PAR_Y', 'ENST02']
    """
    if "bar" in rule:
        ids = ids.str.replace(_BAR, "")
    if "version" in rule:
        ids = ids.str.replace(_VERSION, "${1}")
    return ids


def cut_at_bar(ids: pl.Series) -> tuple[pl.Series, tuple[str, ...]]:
    """Return ids cut at the first bar, and a note saying so when any had one."""
    barred = int(ids.str.contains("|", literal=True).sum())
    if not barred:
        return ids, ()
    return stripped(ids, "bar"), (f"transcript names cut at their first '|': {barred}",)


def annotated_ids(transcript_ids: pl.Series, annotated: pl.Series) -> tuple[pl.Series, str]:
    """Return the annotated id of every transcript id (null where there is none), and the strip rule that was used.

    Parameters
    ----------
    transcript_ids, annotated : unique ids, none missing. The rule with the most matches is taken, the first of
        ``RULES`` on ties; a rule that makes ids equal that are in use is not taken.
    """
    best, best_rule = transcript_ids.clear(), ""
    for rule in RULES:
        wanted = pl.DataFrame({"key": stripped(transcript_ids, rule)})
        known = pl.DataFrame({"key": stripped(annotated, rule), "id": annotated})
        known = known.join(wanted, on="key", how="semi", validate="m:m", maintain_order="left")
        if wanted.get_column("key").is_duplicated().any() or known.get_column("key").is_duplicated().any():
            continue
        partners = wanted.join(known, on="key", how="left", validate="1:1", maintain_order="left").get_column("id")
        if not best_rule or partners.count() > best.count():
            best, best_rule = partners, rule
    return best, best_rule


def match_genes(transcript_ids: pl.Series, annotation: pl.DataFrame, *, strip: str, name: str) -> GeneMatch:
    """Return the gene of every quantified transcript.

    Parameters
    ----------
    transcript_ids : quantified ids, unique, none missing.
    annotation : ``transcript_id``, ``gene_id`` and perhaps ``gene_name``; a superset of the quantified set is fine.
    strip : ``auto`` takes the rule with the most matches among those that confuse no ids; else the rule to use.
    name : what messages call the annotation.

    Raises
    ------
    InputError
        The annotation gives a quantified transcript two genes, or the rule asked for confuses ids.
    """
    annotation = annotation.unique(maintain_order=True)
    overlaps = {rule: _overlap(transcript_ids, annotation, rule) for rule in RULES}
    safe = [overlap for overlap in overlaps.values() if not overlap.ambiguous or overlap.rule == "none"]
    best = max(safe, key=lambda overlap: overlap.quantified_matched)
    overlap = best if strip == "auto" else overlaps[strip]
    if overlap.ambiguous:
        confused = f"{overlap.ambiguous} ({examples(_confused(transcript_ids, annotation, overlap.rule))})"
        if overlap.rule == "none":
            sentence = f"quantified transcripts with more than one gene: {confused}. Give every transcript one gene."
            raise InputError(name, sentence)
        raise InputError(
            name,
            f"ids that {SENTENCES[overlap.rule]} makes ambiguous: {confused}. "
            f"Use {option('strip', 'auto')} or none, or make the ids agree.",
        )
    keys = pl.DataFrame({"key": stripped(transcript_ids, overlap.rule)})
    genes = annotation.with_columns(key=stripped(annotation.get_column("transcript_id"), overlap.rule))
    genes = genes.drop("transcript_id").unique("key", keep="first", maintain_order=True)
    matched = keys.join(genes, on="key", how="left", validate="m:1", maintain_order="left")
    return GeneMatch(
        gene_ids=matched.get_column("gene_id"),
        gene_names=matched.get_column("gene_name") if "gene_name" in matched.columns else None,
        overlap=overlap,
        as_is=overlaps["none"],
        advice=_advice(transcript_ids, annotation, overlaps, overlap, name),
    )


def _overlap(transcript_ids: pl.Series, annotation: pl.DataFrame, rule: str) -> Overlap:
    quantified = stripped(transcript_ids, rule)
    annotated = stripped(annotation.get_column("transcript_id"), rule)
    return Overlap(
        rule=rule,
        n_quantified=quantified.len(),
        n_annotated=annotated.n_unique(),
        quantified_matched=int(quantified.is_in(annotated.implode()).sum()),
        annotated_matched=int(annotated.unique().is_in(quantified.implode()).sum()),
        ambiguous=_confused(transcript_ids, annotation, rule).len(),
    )


def _confused(transcript_ids: pl.Series, annotation: pl.DataFrame, rule: str) -> pl.Series:
    """Return the ids that stand for two quantified transcripts, or for a quantified one with two genes."""
    quantified = stripped(transcript_ids, rule)
    genes = annotation.select(
        key=stripped(annotation.get_column("transcript_id"), rule),
        gene=pl.col("gene_id") if rule == "none" else stripped(annotation.get_column("gene_id"), rule),
    ).unique(maintain_order=True)
    of_two_genes = repeated_values(genes.get_column("key"))
    of_two_genes = of_two_genes.filter(of_two_genes.is_in(quantified.implode()))
    return pl.concat([repeated_values(quantified).alias("key"), of_two_genes]).unique(maintain_order=True)


def _advice(
    transcript_ids: pl.Series, annotation: pl.DataFrame, overlaps: dict[str, Overlap], overlap: Overlap, name: str
) -> str:
    annotated = annotation.get_column("transcript_id").unique(maintain_order=True)
    quantified_only = _alone(transcript_ids, annotated, overlap.rule)
    annotated_only = _alone(annotated, transcript_ids, overlap.rule)
    annotated_share = overlap.annotated_matched / overlap.n_annotated if overlap.n_annotated else 0.0
    best = max(overlaps.values(), key=lambda candidate: candidate.quantified_matched)
    swapped = transcript_ids.is_in(annotation.get_column("gene_id").implode()).mean()
    if best.quantified_matched > overlap.quantified_matched:
        remedy = f"{SENTENCES[best.rule]}: {_percent(overlap.share)} → {_percent(best.share)}"
        if best.ambiguous:
            count = f"{best.ambiguous} ids stand for two transcripts or genes each"
            remedy += f", but it makes {count}: make them agree."
        else:
            remedy += f"; pass {option('strip', best.rule if best.rule in ('version', 'bar') else 'auto')}."
    elif overlap.quantified_matched:
        remedy = (
            "No strip rule does better. Use the annotation the reads were quantified with, "
            f"or pass {option('drop_unmatched', value=True)} to leave these transcripts out."
        )
    elif isinstance(swapped, float) and swapped > 0.5:
        remedy = "The gene column holds the quantified ids: are its two columns the other way round?"
    else:
        remedy = "No strip rule helps: is it the annotation the reads were quantified with?"
    return (
        f"{overlap.quantified_matched} of {overlap.n_quantified} quantified transcripts ({_percent(overlap.share)}) "
        f"are in {name}, and {overlap.annotated_matched} of its {overlap.n_annotated} ({_percent(annotated_share)}) "
        "are quantified. "
        f"Quantified only: {examples(quantified_only, EXAMPLES_A_SIDE) or 'none'}; "
        f"in {name} only: {examples(annotated_only, EXAMPLES_A_SIDE) or 'none'}. {remedy}"
    )


def _alone(ids: pl.Series, others: pl.Series, rule: str) -> pl.Series:
    return ids.filter(~stripped(ids, rule).is_in(stripped(others, rule).implode()))


def _percent(share: float) -> str:
    text = f"{100 * share:.1f}"
    if share < 1 and text == "100.0":
        return ">99.9 %"
    return f"{text.removesuffix('.0')} %"
