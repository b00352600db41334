-- Whether abundance of a gene was made to follow its module, in simulated data.
-- reads:   read_parquet(getvariable('bundle_files').truth_abundance)
-- params:  none
-- returns: gene_id VARCHAR, has_abundance BOOLEAN
-- grain:   one row per gene_id
-- order:   gene_id
SELECT
    gene_id,
    has_abundance
FROM
    read_parquet(
        getvariable('bundle_files').truth_abundance,
        hive_partitioning = FALSE
    )
ORDER BY gene_id
