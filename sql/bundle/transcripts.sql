-- Transcripts of the bundle; transcript_row is the row of transcript_counts.
-- reads:   read_parquet(getvariable('bundle_files').transcripts)
-- params:  none
-- returns: transcript_id VARCHAR, gene_id VARCHAR, ..., transcript_row BIGINT
-- grain:   one row per transcript_id
-- order:   transcript_row
SELECT
    * EXCLUDE (file_row_number),
    file_row_number AS transcript_row
FROM
    read_parquet(
        getvariable('bundle_files').transcripts,
        file_row_number = TRUE,
        hive_partitioning = FALSE
    )
ORDER BY transcript_row
