-- Features by their integrated gradients for the latent dimension that goes with a module.
-- reads:   files.ig_attributions(run, module_id, gene_id, mean_ig, mean_abs_ig, latent_dim, latent_eigengene_r,
--          feature_id, feature_type, convergence_delta, mean_toward_ig, n_steps, direction_eigengene_r, in_module,
--          gene_name)
-- params:  none
-- returns: run VARCHAR, module_id VARCHAR, gene_id VARCHAR, mean_ig DOUBLE, mean_abs_ig DOUBLE, latent_dim BIGINT,
--          latent_eigengene_r DOUBLE, feature_id VARCHAR, feature_type VARCHAR, convergence_delta DOUBLE,
--          mean_toward_ig DOUBLE, n_steps BIGINT, direction_eigengene_r DOUBLE, in_module BOOLEAN, gene_name VARCHAR
-- grain:   one row per run, module_id, feature_id
-- order:   none
SELECT
    run,
    module_id,
    gene_id,
    mean_ig,
    mean_abs_ig,
    latent_dim,
    latent_eigengene_r,
    feature_id,
    feature_type,
    convergence_delta,
    mean_toward_ig,
    n_steps,
    direction_eigengene_r,
    in_module,
    gene_name
FROM files.ig_attributions
