-- Counts of the genes of one bundle by sample, from its matrix as it lies in memory. The catalog puts the run in
-- the place of the one named here.
-- reads:   gene_matrix(feature_row, counts), files.genes(run, gene_id, gene_row),
--          files.samples(run, sample_id, sample_row)
-- params:  none
-- returns: run VARCHAR, gene_id VARCHAR, sample_id VARCHAR, count DOUBLE
-- grain:   one row per gene_id, sample_id
-- order:   none
SELECT
    samples.run,
    cells.gene_id,
    samples.sample_id,
    cells.count
FROM (
    SELECT
        genes.gene_id,
        unnest(gene_matrix.counts) AS count,
        generate_subscripts(gene_matrix.counts, 1) - 1 AS sample_row
    FROM files.genes AS genes
    INNER JOIN gene_matrix ON genes.gene_row = gene_matrix.feature_row
    WHERE genes.run = 'run'
) AS cells
INNER JOIN files.samples AS samples ON cells.sample_row = samples.sample_row
WHERE samples.run = 'run'
