-- Whether isoform usage of a gene was made to follow its module, in simulated data.
-- reads:   bundle_truth_switch(gene_id, has_switch)
-- params:  none
-- returns: gene_id VARCHAR, has_switch BOOLEAN
-- grain:   one row per gene_id
-- order:   gene_id
SELECT
    gene_id,
    has_switch
FROM bundle_truth_switch
ORDER BY gene_id
