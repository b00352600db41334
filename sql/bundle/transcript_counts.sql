-- Counts of transcripts by sample, from the matrix as it lies in memory.
-- reads:   transcript_matrix(feature_row, counts), transcripts(transcript_id, gene_id, transcript_row),
--          samples(sample_id, sample_row)
-- params:  none
-- returns: transcript_id VARCHAR, gene_id VARCHAR, sample_id VARCHAR, count DOUBLE
-- grain:   one row per transcript_id, sample_id
-- order:   none
SELECT
    cells.transcript_id,
    cells.gene_id,
    samples.sample_id,
    cells.count
FROM (
    SELECT
        transcripts.transcript_id,
        transcripts.gene_id,
        unnest(transcript_matrix.counts) AS count,
        generate_subscripts(transcript_matrix.counts, 1) - 1 AS sample_row
    FROM transcripts
    INNER JOIN transcript_matrix ON transcripts.transcript_row = transcript_matrix.feature_row
) AS cells
INNER JOIN samples ON cells.sample_row = samples.sample_row
