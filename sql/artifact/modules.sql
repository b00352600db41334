-- Genes in modules, with the strength of their membership; a gene in no module has no row.
-- reads:   files.modules(run, gene_id, module_id, kme, feature_type, gene_name)
-- params:  none
-- returns: run VARCHAR, gene_id VARCHAR, module_id VARCHAR, kme DOUBLE, feature_type VARCHAR, gene_name VARCHAR
-- grain:   one row per run, gene_id
-- order:   none
SELECT
    run,
    gene_id,
    module_id,
    kme,
    feature_type,
    gene_name
FROM files.modules
