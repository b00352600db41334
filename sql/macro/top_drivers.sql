-- Strongest drivers of a module by the explanations: features by the size of their correlation with its eigengene.
-- reads:   gene_driver_table(run, module_id, gene_id, gene_name, feature_id, feature_type, r, qvalue)
-- params:  module VARCHAR, n BIGINT = 20, in_run VARCHAR = NULL
-- returns: run VARCHAR, module_id VARCHAR, driver_rank BIGINT, gene_id VARCHAR, feature_id VARCHAR, feature_type
--          VARCHAR, r DOUBLE, qvalue DOUBLE, gene_name VARCHAR
-- grain:   one row per run, driver_rank
-- order:   run, driver_rank
WITH ranked AS (
    SELECT
        run,
        module_id,
        row_number() OVER (
            PARTITION BY run
            ORDER BY isnan(r), abs(r) DESC, feature_id
        ) AS driver_rank,
        gene_id,
        feature_id,
        feature_type,
        r,
        qvalue,
        gene_name
    FROM gene_driver_table
    WHERE module_id = $module AND ($in_run IS NULL OR run = $in_run)
)

SELECT
    run,
    module_id,
    driver_rank,
    gene_id,
    feature_id,
    feature_type,
    r,
    qvalue,
    gene_name
FROM ranked
WHERE driver_rank <= $n
ORDER BY run, driver_rank
