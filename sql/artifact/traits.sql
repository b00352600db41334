-- Tests of module eigengenes against sample traits.
-- reads:   files.traits(run, module_id, trait, test, effect, statistic, pvalue, qvalue, n, level, reference, reason,
--          dof, numerator_dof, nonlinear_pvalue, n_individuals, r2_with_covariates, aliases)
-- params:  none
-- returns: run VARCHAR, module_id VARCHAR, trait VARCHAR, test VARCHAR, effect DOUBLE, statistic DOUBLE, pvalue
--          DOUBLE, qvalue DOUBLE, n BIGINT, level VARCHAR, reference VARCHAR, reason VARCHAR, dof DOUBLE,
--          numerator_dof BIGINT, nonlinear_pvalue DOUBLE, n_individuals BIGINT, r2_with_covariates DOUBLE, aliases
--          VARCHAR
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
    reason,
    dof,
    numerator_dof,
    nonlinear_pvalue,
    n_individuals,
    r2_with_covariates,
    aliases
FROM files.traits
