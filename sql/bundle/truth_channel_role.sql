-- Planted role of each gene: switch_only, abundance_only, coupled, discordant or background.
-- reads:   bundle_truth_channel_role(gene_id, module_id, truth_role)
-- params:  none
-- returns: gene_id VARCHAR, module_id BIGINT, truth_role VARCHAR
-- grain:   one row per gene_id
-- order:   gene_id
SELECT
    gene_id,
    module_id,
    truth_role
FROM bundle_truth_channel_role
ORDER BY gene_id
