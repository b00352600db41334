-- Counts of genes by sample, from the matrix as it lies in memory.
-- reads:   gene_matrix(feature_row, counts), genes(gene_id, gene_row), samples(sample_id, sample_row)
-- params:  none
-- returns: gene_id VARCHAR, sample_id VARCHAR, count DOUBLE
-- grain:   one row per gene_id, sample_id
-- order:   none
SELECT
    cells.gene_id,
    samples.sample_id,
    cells.count
FROM (
    SELECT
        genes.gene_id,
        unnest(gene_matrix.counts) AS count,
        generate_subscripts(gene_matrix.counts, 1) - 1 AS sample_row
    FROM genes
    INNER JOIN gene_matrix ON genes.gene_row = gene_matrix.feature_row
) AS cells
INNER JOIN samples ON cells.sample_row = samples.sample_row
