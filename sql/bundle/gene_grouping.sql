-- Genes by id with the matrix row of each. A gene without an id, or listed twice, is an error here and never reaches a
-- kernel.
-- reads:   genes(gene_id, gene_row)
-- params:  none
-- returns: gene_id VARCHAR, gene_row BIGINT
-- grain:   one row per gene_id
-- order:   gene_id
WITH listed AS (
    SELECT
        CAST(gene_id AS VARCHAR) AS gene_id,
        gene_row,
        count(*) OVER (PARTITION BY gene_id) AS n_listed
    FROM genes
)

SELECT
    CASE
        WHEN gene_id IS NULL OR gene_id = '' THEN error('the gene of row ' || gene_row || ' has no id')
        WHEN n_listed > 1 THEN error('gene ' || gene_id || ' is listed more than once')
        ELSE gene_id
    END AS gene_id,
    gene_row
FROM listed
ORDER BY gene_id
