-- Tests of module eigengenes against sample traits.
-- reads:   files.traits(run, module_id, trait, test, effect, statistic, pvalue, qvalue, n, level, reference, reason)
-- params:  none
-- returns: run VARCHAR, module_id VARCHAR, trait VARCHAR, test VARCHAR, effect DOUBLE, statistic DOUBLE, pvalue
--          DOUBLE, qvalue DOUBLE, n BIGINT, level VARCHAR, reference VARCHAR, reason VARCHAR
-- grain:   one row per run, module_id, trait
-- order:   none
SELECT
    run,
    module_id,
    trait,
    test,
    effect,
    statistic,
    pvalue,
    qvalue,
    n,
    level,
    reference,
    reason
FROM files.traits
