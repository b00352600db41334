-- A gene in every run that measured it: its module, role and strength of membership, the trait its module goes with
-- best, and its rank among the drivers of that module where the run was explained. The gene is named by id or by
-- symbol, case as written; one that no run knows is an error.
-- reads:   gene_names(run, gene_id, gene_name), feature_scores(run, gene_id), modules(run, gene_id, module_id,
--          kme), module_gene_roles(run, gene_id, module_role, switch_r, abundance_r), traits(run, module_id,
--          trait, effect, pvalue, qvalue), gene_driver_table(run, module_id, gene_id, feature_id, r), runs(kind, run,
--          fit)
-- params:  gene VARCHAR
-- returns: run VARCHAR, gene_id VARCHAR, gene_name VARCHAR, module_id VARCHAR, module_role VARCHAR, kme DOUBLE,
--          switch_r DOUBLE, abundance_r DOUBLE, best_trait VARCHAR, trait_effect DOUBLE, trait_qvalue DOUBLE,
--          driver_rank BIGINT, driver_r DOUBLE
-- grain:   one row per run, gene_id
-- order:   run, gene_id
WITH found AS (
    SELECT DISTINCT gene_id
    FROM gene_names
    WHERE gene_id = $gene OR gene_name = $gene
),

chosen AS (
    SELECT gene_id
    FROM found
    UNION ALL
    SELECT error(concat('no gene is called ''', $gene, ''' (case counts)')) AS gene_id
    WHERE NOT EXISTS (SELECT 1 FROM found)
),

measured AS (
    SELECT DISTINCT
        feature_scores.run,
        feature_scores.gene_id
    FROM feature_scores
    SEMI JOIN chosen ON feature_scores.gene_id = chosen.gene_id
),

best AS (
    SELECT
        run,
        module_id,
        trait,
        effect,
        qvalue
    FROM traits
    WHERE NOT isnan(pvalue)
    QUALIFY row_number() OVER (PARTITION BY run, module_id ORDER BY pvalue, trait) = 1
),

ranked AS (
    SELECT
        coalesce(runs.fit, gene_driver_table.run) AS run,
        gene_driver_table.module_id,
        gene_driver_table.gene_id,
        gene_driver_table.r,
        row_number() OVER (
            PARTITION BY gene_driver_table.run, gene_driver_table.module_id
            ORDER BY isnan(gene_driver_table.r), abs(gene_driver_table.r) DESC, gene_driver_table.feature_id
        ) AS driver_rank
    FROM gene_driver_table
    LEFT JOIN runs ON gene_driver_table.run = runs.run AND runs.kind = 'explanation'
),

drivers AS (
    SELECT
        run,
        module_id,
        gene_id,
        min(driver_rank) AS driver_rank,
        arg_min(r, driver_rank) AS r
    FROM ranked
    GROUP BY run, module_id, gene_id
)

SELECT
    measured.run,
    measured.gene_id,
    gene_names.gene_name,
    modules.module_id,
    module_gene_roles.module_role,
    modules.kme,
    module_gene_roles.switch_r,
    module_gene_roles.abundance_r,
    best.trait AS best_trait,
    best.effect AS trait_effect,
    best.qvalue AS trait_qvalue,
    drivers.driver_rank,
    drivers.r AS driver_r
FROM measured
LEFT JOIN gene_names ON measured.run = gene_names.run AND measured.gene_id = gene_names.gene_id
LEFT JOIN modules ON measured.run = modules.run AND measured.gene_id = modules.gene_id
LEFT JOIN module_gene_roles ON measured.run = module_gene_roles.run AND measured.gene_id = module_gene_roles.gene_id
LEFT JOIN best ON modules.run = best.run AND modules.module_id = best.module_id
LEFT JOIN drivers
    ON modules.run = drivers.run AND modules.module_id = drivers.module_id AND modules.gene_id = drivers.gene_id
ORDER BY measured.run, measured.gene_id
