-- Numbers of benchmark reports, one metric of one data set and seed a row; run is the stage and report the kind of
-- report. Keys of nested values are joined by dots; true counts as 1 and false as 0.
-- reads:   files.report_json(run, report, content)
-- params:  none
-- returns: run VARCHAR, report VARCHAR, dataset VARCHAR, seed BIGINT, metric VARCHAR, value DOUBLE
-- grain:   one row per run, report, dataset, seed, metric
-- order:   none
SELECT
    page.run,
    page.report,
    result.value ->> '$.dataset' AS dataset,
    CAST(result.value ->> '$.seed' AS BIGINT) AS seed,
    leaf.fullkey[3:] AS metric,
    CASE leaf.type
        WHEN 'BOOLEAN' THEN CAST(CAST(leaf.atom AS BOOLEAN) AS DOUBLE)
        ELSE CAST(leaf.atom AS DOUBLE)
    END AS value
FROM
    files.report_json AS page,
    json_each(page.content, '$.results') AS result,
    json_tree(result.value) AS leaf
WHERE leaf.type IN ('BOOLEAN', 'DOUBLE', 'BIGINT', 'UBIGINT') AND leaf.fullkey != '$.seed'
