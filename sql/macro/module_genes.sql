-- Genes of a module, the most central first, with what drives their membership.
-- reads:   modules(run, gene_id, module_id, kme, feature_type, gene_name), module_gene_roles(run, gene_id,
--          module_role)
-- params:  module VARCHAR, in_run VARCHAR = NULL
-- returns: run VARCHAR, module_id VARCHAR, gene_id VARCHAR, gene_name VARCHAR, kme DOUBLE, feature_type VARCHAR,
--          module_role VARCHAR
-- grain:   one row per run, gene_id
-- order:   run, kme, gene_id
SELECT
    modules.run,
    modules.module_id,
    modules.gene_id,
    modules.gene_name,
    modules.kme,
    modules.feature_type,
    module_gene_roles.module_role
FROM modules
LEFT JOIN module_gene_roles ON modules.run = module_gene_roles.run AND modules.gene_id = module_gene_roles.gene_id
WHERE modules.module_id = $module AND ($in_run IS NULL OR modules.run = $in_run)
ORDER BY modules.run ASC, abs(modules.kme) DESC, modules.gene_id ASC
