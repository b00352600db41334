-- Directories the views read: fits, snapshots, bundles and explanations.
-- reads:   files.runs(run, kind, path, dataset, backend, seed, isograph_version, fit)
-- params:  none
-- returns: run VARCHAR, kind VARCHAR, path VARCHAR, dataset VARCHAR, backend VARCHAR, seed BIGINT, isograph_version
--          VARCHAR, fit VARCHAR
-- grain:   one row per path
-- order:   none
SELECT
    run,
    kind,
    path,
    dataset,
    backend,
    seed,
    isograph_version,
    fit
FROM files.runs
