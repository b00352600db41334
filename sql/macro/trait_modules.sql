-- Modules that go with a trait, the surest first, with their size and hub gene. A trait that was tested under the name
-- of another that says the same is found by either name.
-- reads:   traits(run, module_id, trait, test, effect, pvalue, qvalue, n, aliases), module_summary(run, module_id,
--          n_genes, hub_gene)
-- params:  of_trait VARCHAR, max_q DOUBLE = 0.05, in_run VARCHAR = NULL
-- returns: run VARCHAR, module_id VARCHAR, trait VARCHAR, test VARCHAR, effect DOUBLE, pvalue DOUBLE, qvalue DOUBLE, n
--          BIGINT, n_genes BIGINT, hub_gene VARCHAR
-- grain:   one row per run, module_id
-- order:   qvalue, run, module_id
SELECT
    traits.run,
    traits.module_id,
    traits.trait,
    traits.test,
    traits.effect,
    traits.pvalue,
    traits.qvalue,
    traits.n,
    module_summary.n_genes,
    module_summary.hub_gene
FROM traits
LEFT JOIN module_summary ON traits.run = module_summary.run AND traits.module_id = module_summary.module_id
WHERE
    ($of_trait = traits.trait OR list_contains(string_split(traits.aliases, '|'), $of_trait))
    AND traits.qvalue <= $max_q AND ($in_run IS NULL OR traits.run = $in_run)
ORDER BY traits.qvalue, traits.run, traits.module_id
