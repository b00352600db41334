-- Genes of bundles; gene_row is the row of gene_counts and gene_log.
-- reads:   files.genes(run, gene_id, gene_row, gene_name)
-- params:  none
-- returns: run VARCHAR, gene_id VARCHAR, gene_row BIGINT, gene_name VARCHAR, ...
-- grain:   one row per run, gene_id
-- order:   none
SELECT *
FROM files.genes
