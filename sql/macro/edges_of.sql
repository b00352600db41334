-- Edges of a gene, the strongest first, with the module of the gene at the other end. The gene is named by id or by
-- symbol, case as written; one that no run knows is an error.
-- reads:   gene_names(run, gene_id, gene_name), edges(run, source, target, weight, similarity, source_feature_type,
--          target_feature_type), modules(run, gene_id, module_id, gene_name)
-- params:  gene VARCHAR, in_run VARCHAR = NULL
-- returns: run VARCHAR, gene_id VARCHAR, partner VARCHAR, partner_name VARCHAR, partner_module VARCHAR, weight DOUBLE,
--          similarity DOUBLE, feature_type VARCHAR, partner_feature_type VARCHAR
-- grain:   one row per run, gene_id, partner
-- order:   run, weight, gene_id, partner
WITH named AS (
    SELECT DISTINCT gene_id
    FROM gene_names
    WHERE gene_id = $gene OR gene_name = $gene
),

found AS (
    SELECT DISTINCT gene_names.gene_id
    FROM gene_names
    SEMI JOIN named ON gene_names.gene_id = named.gene_id
    WHERE $in_run IS NULL OR gene_names.run = $in_run
),

ends AS (
    SELECT
        edges.run,
        found.gene_id,
        edges.target AS partner,
        edges.weight,
        edges.similarity,
        edges.source_feature_type AS feature_type,
        edges.target_feature_type AS partner_feature_type
    FROM edges
    INNER JOIN found ON edges.source = found.gene_id
    WHERE $in_run IS NULL OR edges.run = $in_run
    UNION ALL
    SELECT
        edges.run,
        found.gene_id,
        edges.source AS partner,
        edges.weight,
        edges.similarity,
        edges.target_feature_type AS feature_type,
        edges.source_feature_type AS partner_feature_type
    FROM edges
    INNER JOIN found ON edges.target = found.gene_id
    WHERE $in_run IS NULL OR edges.run = $in_run
    UNION ALL
    SELECT
        NULL AS run,
        NULL AS gene_id,
        NULL AS partner,
        NULL AS weight,
        NULL AS similarity,
        NULL AS feature_type,
        NULL AS partner_feature_type
    -- NOTE: a branch of its own, because a join with rows that no file has is never carried out.
    WHERE
        CASE
            WHEN EXISTS (SELECT 1 FROM found) THEN FALSE
            ELSE error(concat('no gene is called ''', $gene, ''' (case counts)', ' in run ' || $in_run)) IS NOT NULL
        END
)

SELECT
    ends.run,
    ends.gene_id,
    ends.partner,
    modules.gene_name AS partner_name,
    modules.module_id AS partner_module,
    ends.weight,
    ends.similarity,
    ends.feature_type,
    ends.partner_feature_type
FROM ends
LEFT JOIN modules ON ends.run = modules.run AND ends.partner = modules.gene_id
ORDER BY ends.run ASC, abs(ends.weight) DESC, ends.gene_id ASC, ends.partner ASC
