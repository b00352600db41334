-- Modules, with their size, their hub gene and the variance their eigengene explains.
-- reads:   files.module_summary(run, module_id, n_genes, n_switch_features, n_abundance_features, variance_explained,
--          hub_gene, n_edges, mean_abs_kme, wgcna_color, top_sample_share, effective_samples, n_up, n_down)
-- params:  none
-- returns: run VARCHAR, module_id VARCHAR, n_genes BIGINT, n_switch_features BIGINT, n_abundance_features BIGINT,
--          variance_explained DOUBLE, hub_gene VARCHAR, n_edges BIGINT, mean_abs_kme DOUBLE, wgcna_color VARCHAR,
--          top_sample_share DOUBLE, effective_samples DOUBLE, n_up BIGINT, n_down BIGINT
-- grain:   one row per run, module_id
-- order:   none
SELECT
    run,
    module_id,
    n_genes,
    n_switch_features,
    n_abundance_features,
    variance_explained,
    hub_gene,
    n_edges,
    mean_abs_kme,
    wgcna_color,
    top_sample_share,
    effective_samples,
    n_up,
    n_down
FROM files.module_summary
