-- Counts of the transcripts of one bundle by sample, from its matrix as it lies in memory. The catalog puts the run
-- in the place of the one named here.
-- reads:   transcript_matrix(feature_row, counts), files.transcripts(run, transcript_id, gene_id, transcript_row),
--          files.samples(run, sample_id, sample_row)
-- params:  none
-- returns: run VARCHAR, transcript_id VARCHAR, gene_id VARCHAR, sample_id VARCHAR, count DOUBLE
-- grain:   one row per transcript_id, sample_id
-- order:   none
SELECT
    samples.run,
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
    FROM files.transcripts AS transcripts
    INNER JOIN transcript_matrix ON transcripts.transcript_row = transcript_matrix.feature_row
    WHERE transcripts.run = 'run'
) AS cells
INNER JOIN files.samples AS samples ON cells.sample_row = samples.sample_row
WHERE samples.run = 'run'
