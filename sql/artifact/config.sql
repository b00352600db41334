-- Settings of runs, one key a row: what fit_config.json, run_config.json or the manifest of an explanation holds.
-- Keys of nested values are joined by dots; one that holds a dot itself stands in quotes.
-- The list of files of a manifest is left out.
-- reads:   files.config_json(run, kind, content)
-- params:  none
-- returns: run VARCHAR, kind VARCHAR, key VARCHAR, value VARCHAR
-- grain:   one row per kind, run, key
-- order:   none
SELECT
    page.run,
    page.kind,
    leaf.fullkey[3:] AS key,
    leaf.atom ->> '$' AS value
FROM files.config_json AS page, json_tree(page.content) AS leaf
WHERE leaf.type NOT IN ('OBJECT', 'ARRAY') AND NOT starts_with(leaf.fullkey, '$.files.')
