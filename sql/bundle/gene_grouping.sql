-- Genes by id, with the matrix row of each.
-- reads:   genes(gene_id, gene_row)
-- params:  none
-- returns: gene_id VARCHAR, gene_row BIGINT
-- grain:   one row per gene_id
-- order:   gene_id
SELECT
    gene_id,
    gene_row
FROM genes
ORDER BY gene_id
