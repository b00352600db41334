-- Features by their response to the latent dimension that goes with a module.
-- reads:   files.vae_drivers(run, module_id, gene_id, decoded_response, feature_type, feature_id, latent_dim,
--          latent_eigengene_r, percentile, sign_agreement, qvalue, high_confidence, direction_eigengene_r, in_module,
--          gene_name)
-- params:  none
-- returns: run VARCHAR, module_id VARCHAR, gene_id VARCHAR, decoded_response DOUBLE, feature_type VARCHAR, feature_id
--          VARCHAR, latent_dim BIGINT, latent_eigengene_r DOUBLE, percentile DOUBLE, sign_agreement DOUBLE, qvalue
--          DOUBLE, high_confidence BOOLEAN, direction_eigengene_r DOUBLE, in_module BOOLEAN, gene_name VARCHAR
-- grain:   one row per run, module_id, feature_id
-- order:   none
SELECT
    run,
    module_id,
    gene_id,
    decoded_response,
    feature_type,
    feature_id,
    latent_dim,
    latent_eigengene_r,
    percentile,
    sign_agreement,
    qvalue,
    high_confidence,
    direction_eigengene_r,
    in_module,
    gene_name
FROM files.vae_drivers
