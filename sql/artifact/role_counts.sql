-- Modules by the roles of their genes.
-- reads:   module_gene_roles(run, module_id, module_role)
-- params:  none
-- returns: run VARCHAR, module_id VARCHAR, n_genes BIGINT, n_coupled BIGINT, n_switch_only BIGINT, n_abundance_only
--          BIGINT, n_discordant BIGINT, n_inactive BIGINT
-- grain:   one row per run, module_id
-- order:   run, module_id
SELECT
    run,
    module_id,
    count(*) AS n_genes,
    count(*) FILTER (module_role = 'coupled') AS n_coupled,
    count(*) FILTER (module_role = 'switch_only') AS n_switch_only,
    count(*) FILTER (module_role = 'abundance_only') AS n_abundance_only,
    count(*) FILTER (module_role = 'discordant') AS n_discordant,
    count(*) FILTER (module_role = 'inactive') AS n_inactive
FROM module_gene_roles
GROUP BY run, module_id
ORDER BY run, module_id
