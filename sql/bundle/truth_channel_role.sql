-- Planted role of each gene: switch_only, abundance_only, coupled, discordant or background.
-- reads:   read_parquet(getvariable('bundle_files').truth_channel_role)
-- params:  none
-- returns: gene_id VARCHAR, module_id BIGINT, truth_role VARCHAR
-- grain:   one row per gene_id
-- order:   gene_id
SELECT
    gene_id,
    module_id,
    truth_role
FROM
    read_parquet(
        getvariable('bundle_files').truth_channel_role,
        hive_partitioning = FALSE
    )
ORDER BY gene_id
