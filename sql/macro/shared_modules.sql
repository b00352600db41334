-- Modules of two runs that share genes, with the hypergeometric probability of sharing as many by chance: drawn
-- from the genes that both runs measured. The upper tail is summed on the log scale, so log10_pvalue stays exact
-- where pvalue is 0.
-- reads:   feature_scores(run, gene_id), modules(run, gene_id, module_id)
-- params:  run_a VARCHAR, run_b VARCHAR
-- returns: module_a VARCHAR, module_b VARCHAR, n_shared BIGINT, n_a BIGINT, n_b BIGINT, n_genes BIGINT, jaccard
--          DOUBLE, pvalue DOUBLE, log10_pvalue DOUBLE
-- grain:   one row per module_a, module_b
-- order:   log10_pvalue, module_a, module_b
WITH universe AS (
    SELECT gene_id
    FROM feature_scores
    WHERE run = $run_a
    INTERSECT
    SELECT gene_id
    FROM feature_scores
    WHERE run = $run_b
),

genes_of AS (
    SELECT
        modules.run,
        modules.module_id,
        modules.gene_id
    FROM modules
    SEMI JOIN universe ON modules.gene_id = universe.gene_id
    WHERE modules.run = $run_a OR modules.run = $run_b
),

sizes AS (
    SELECT
        run,
        module_id,
        count(*) AS n
    FROM genes_of
    GROUP BY run, module_id
),

shared AS (
    SELECT
        a.module_id AS module_a,
        b.module_id AS module_b,
        count(*) AS n_shared
    FROM genes_of AS a
    INNER JOIN genes_of AS b ON a.gene_id = b.gene_id
    WHERE a.run = $run_a AND b.run = $run_b
    GROUP BY a.module_id, b.module_id
),

counted AS (
    SELECT
        shared.module_a,
        shared.module_b,
        shared.n_shared,
        a.n AS n_a,
        b.n AS n_b,
        (SELECT count(*) FROM universe) AS n_genes
    FROM shared
    INNER JOIN sizes AS a ON shared.module_a = a.module_id AND a.run = $run_a
    INNER JOIN sizes AS b ON shared.module_b = b.module_id AND b.run = $run_b
),

tails AS (
    SELECT
        *,
        list_transform(
            range(n_shared, least(n_a, n_b) + 1),
            LAMBDA k: lgamma(n_a + 1) - lgamma(k + 1) - lgamma(n_a - k + 1)
            + lgamma(n_genes - n_a + 1) - lgamma(n_b - k + 1) - lgamma(n_genes - n_a - n_b + k + 1)
            - lgamma(n_genes + 1) + lgamma(n_b + 1) + lgamma(n_genes - n_b + 1)
        ) AS log_terms
    FROM counted
),

summed AS (
    SELECT
        *,
        least(
            0,
            list_max(log_terms)
            + ln(list_sum(list_transform(log_terms, LAMBDA term: exp(term - list_max(log_terms)))))
        ) AS log_pvalue
    FROM tails
)

SELECT
    module_a,
    module_b,
    n_shared,
    n_a,
    n_b,
    n_genes,
    n_shared / (n_a + n_b - n_shared) AS jaccard,
    exp(log_pvalue) AS pvalue,
    log_pvalue / ln(10) AS log10_pvalue
FROM summed
ORDER BY log10_pvalue, module_a, module_b
