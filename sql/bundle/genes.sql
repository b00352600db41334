-- Genes of the bundle; gene_row is the row of gene_counts and gene_log.
-- reads:   read_parquet(getvariable('bundle_files').genes)
-- params:  none
-- returns: gene_id VARCHAR, ..., gene_row BIGINT
-- grain:   one row per gene_id
-- order:   gene_row
SELECT
    * EXCLUDE (file_row_number),
    file_row_number AS gene_row
FROM
    read_parquet(
        getvariable('bundle_files').genes,
        file_row_number = TRUE,
        hive_partitioning = FALSE
    )
ORDER BY gene_row
