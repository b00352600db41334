-- Genes of the bundle; gene_row is the row of gene_counts and gene_log.
-- reads:   bundle_genes(gene_id, table_row)
-- params:  none
-- returns: gene_id VARCHAR, ..., gene_row BIGINT
-- grain:   one row per gene_id
-- order:   gene_row
SELECT
    * EXCLUDE (table_row),
    table_row AS gene_row
FROM bundle_genes
ORDER BY gene_row
