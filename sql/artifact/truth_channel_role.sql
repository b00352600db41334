-- Planted role of each gene: switch_only, abundance_only, coupled, discordant or background.
-- reads:   files.truth_channel_role(run, gene_id, module_id, truth_role)
-- params:  none
-- returns: run VARCHAR, gene_id VARCHAR, module_id VARCHAR, truth_role VARCHAR
-- grain:   one row per run, gene_id
-- order:   none
SELECT
    run,
    gene_id,
    module_id,
    truth_role
FROM files.truth_channel_role
