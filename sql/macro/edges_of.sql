-- Edges of a gene, the strongest first, with the module of the gene at the other end.
-- reads:   edges(run, source, target, weight, similarity, source_feature_type, target_feature_type), modules(run,
--          gene_id, module_id, gene_name)
-- params:  gene VARCHAR, in_run VARCHAR = NULL
-- returns: run VARCHAR, gene_id VARCHAR, partner VARCHAR, partner_name VARCHAR, partner_module VARCHAR, weight DOUBLE,
--          similarity DOUBLE, feature_type VARCHAR, partner_feature_type VARCHAR
-- grain:   one row per run, partner
-- order:   run, weight, partner
WITH ends AS (
    SELECT
        run,
        CASE source WHEN $gene THEN target ELSE source END AS partner,
        weight,
        similarity,
        CASE source WHEN $gene THEN source_feature_type ELSE target_feature_type END AS feature_type,
        CASE source WHEN $gene THEN target_feature_type ELSE source_feature_type END AS partner_feature_type
    FROM edges
    WHERE (source = $gene OR target = $gene) AND ($in_run IS NULL OR run = $in_run)
)

SELECT
    ends.run,
    CAST($gene AS VARCHAR) AS gene_id,
    ends.partner,
    modules.gene_name AS partner_name,
    modules.module_id AS partner_module,
    ends.weight,
    ends.similarity,
    ends.feature_type,
    ends.partner_feature_type
FROM ends
LEFT JOIN modules ON ends.run = modules.run AND ends.partner = modules.gene_id
ORDER BY ends.run ASC, abs(ends.weight) DESC, ends.partner ASC
