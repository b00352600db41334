-- Whether isoform usage of a gene was made to follow its module, in simulated data.
-- reads:   read_parquet(getvariable('bundle_files').truth_switch)
-- params:  none
-- returns: gene_id VARCHAR, has_switch BOOLEAN
-- grain:   one row per gene_id
-- order:   gene_id
SELECT
    gene_id,
    has_switch
FROM
    read_parquet(
        getvariable('bundle_files').truth_switch,
        hive_partitioning = FALSE
    )
ORDER BY gene_id
