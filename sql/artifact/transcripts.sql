-- Transcripts of bundles; transcript_row is the row of transcript_counts.
-- reads:   files.transcripts(run, transcript_id, gene_id, transcript_row, gene_name)
-- params:  none
-- returns: run VARCHAR, transcript_id VARCHAR, gene_id VARCHAR, transcript_row BIGINT, gene_name VARCHAR, ...
-- grain:   one row per run, transcript_id
-- order:   none
SELECT *
FROM files.transcripts
