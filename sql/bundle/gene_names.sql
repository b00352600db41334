-- Names of genes in a table of the bundle: that of the first row of a gene that has one, genes in the order of these
-- rows. A gene without a name has no row.
-- reads:   query_table($named_in)(gene_id, gene_name, table_row)
-- params:  named_in VARCHAR
-- returns: gene_id VARCHAR, gene_name VARCHAR, table_row BIGINT
-- grain:   one row per gene_id
-- order:   table_row
SELECT
    gene_id,
    arg_min(CAST(gene_name AS VARCHAR), table_row) AS gene_name,
    min(table_row) AS table_row
FROM query_table($named_in)
WHERE gene_name IS NOT NULL
GROUP BY gene_id
ORDER BY min(table_row)
