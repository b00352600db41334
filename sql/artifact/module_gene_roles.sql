-- Genes in their modules, with what drives their membership.
-- reads:   files.module_gene_roles(run, module_id, gene_id, module_role, switch_r, abundance_r, switch_abundance_r,
--          switch_active, abundance_active, supported_role, switch_support_r, abundance_support_r, switch_qvalue,
--          abundance_qvalue, switch_abundance_pvalue, delta_usage, gene_name)
-- params:  none
-- returns: run VARCHAR, module_id VARCHAR, gene_id VARCHAR, module_role VARCHAR, switch_r DOUBLE, abundance_r DOUBLE,
--          switch_abundance_r DOUBLE, switch_active BOOLEAN, abundance_active BOOLEAN, supported_role VARCHAR,
--          switch_support_r DOUBLE, abundance_support_r DOUBLE, switch_qvalue DOUBLE, abundance_qvalue DOUBLE,
--          switch_abundance_pvalue DOUBLE, delta_usage DOUBLE, gene_name VARCHAR
-- grain:   one row per run, gene_id
-- order:   none
SELECT
    run,
    module_id,
    gene_id,
    module_role,
    switch_r,
    abundance_r,
    switch_abundance_r,
    switch_active,
    abundance_active,
    supported_role,
    switch_support_r,
    abundance_support_r,
    switch_qvalue,
    abundance_qvalue,
    switch_abundance_pvalue,
    delta_usage,
    gene_name
FROM files.module_gene_roles
