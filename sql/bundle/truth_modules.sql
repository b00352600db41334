-- Planted module of each gene in simulated data.
-- reads:   read_parquet(getvariable('bundle_files').truth_modules)
-- params:  none
-- returns: gene_id VARCHAR, module_id BIGINT
-- grain:   one row per gene_id
-- order:   gene_id
SELECT
    gene_id,
    module_id
FROM
    read_parquet(
        getvariable('bundle_files').truth_modules,
        hive_partitioning = FALSE
    )
ORDER BY gene_id
