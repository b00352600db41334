-- Genes of fits and bundles with their symbols: every gene that a table of the run names; null where none has its
-- symbol. What is asked by symbol is looked up here.
-- reads:   modules(run, gene_id, gene_name), switch_loadings(run, gene_id, gene_name), excluded_features(run, gene_id,
--          gene_name), feature_scores(run, gene_id), genes(run, gene_id, gene_name), transcripts(run, gene_id,
--          gene_name)
-- params:  none
-- returns: run VARCHAR, gene_id VARCHAR, gene_name VARCHAR
-- grain:   one row per run, gene_id
-- order:   none
WITH named AS (
    SELECT
        run,
        gene_id,
        gene_name
    FROM modules
    UNION
    SELECT
        run,
        gene_id,
        gene_name
    FROM switch_loadings
    UNION
    SELECT
        run,
        gene_id,
        gene_name
    FROM excluded_features
    UNION
    SELECT
        run,
        gene_id,
        NULL AS gene_name
    FROM feature_scores
    UNION
    SELECT
        run,
        gene_id,
        gene_name
    FROM genes
    UNION
    SELECT
        run,
        gene_id,
        gene_name
    FROM transcripts
)

SELECT
    run,
    gene_id,
    min(gene_name) AS gene_name
FROM named
GROUP BY run, gene_id
