-- Whether abundance of a gene was made to follow its module, in simulated data.
-- reads:   bundle_truth_abundance(gene_id, has_abundance)
-- params:  none
-- returns: gene_id VARCHAR, has_abundance BOOLEAN
-- grain:   one row per gene_id
-- order:   gene_id
SELECT
    gene_id,
    has_abundance
FROM bundle_truth_abundance
ORDER BY gene_id
