-- What the backend said about each fit, one key a row: the content of calibration.json. Keys of nested values are
-- joined by dots; numeric_value is the value where it is one, with true as 1 and false as 0.
-- reads:   files.calibration_json(run, content)
-- params:  none
-- returns: run VARCHAR, key VARCHAR, value VARCHAR, numeric_value DOUBLE
-- grain:   one row per run, key
-- order:   none
SELECT
    page.run,
    leaf.fullkey[3:] AS key,
    leaf.atom ->> '$' AS value,
    CASE leaf.type
        WHEN 'VARCHAR' THEN NULL
        WHEN 'BOOLEAN' THEN CAST(CAST(leaf.atom AS BOOLEAN) AS DOUBLE)
        ELSE CAST(leaf.atom AS DOUBLE)
    END AS numeric_value
FROM files.calibration_json AS page, json_tree(page.content) AS leaf
WHERE leaf.type NOT IN ('OBJECT', 'ARRAY')
