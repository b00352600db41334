-- Samples of the bundle with every trait and covariate; sample_row is the column of every matrix.
-- reads:   read_parquet(getvariable('bundle_files').samples)
-- params:  none
-- returns: sample_id VARCHAR, ..., sample_row BIGINT
-- grain:   one row per sample_id
-- order:   sample_row
SELECT
    * EXCLUDE (file_row_number),
    file_row_number AS sample_row
FROM
    read_parquet(
        getvariable('bundle_files').samples,
        file_row_number = TRUE,
        hive_partitioning = FALSE
    )
ORDER BY sample_row
