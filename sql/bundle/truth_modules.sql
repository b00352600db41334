-- Planted module of each gene in simulated data.
-- reads:   bundle_truth_modules(gene_id, module_id)
-- params:  none
-- returns: gene_id VARCHAR, module_id BIGINT
-- grain:   one row per gene_id
-- order:   gene_id
SELECT
    gene_id,
    module_id
FROM bundle_truth_modules
ORDER BY gene_id
