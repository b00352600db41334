-- Effects of modules on traits, one column per trait of any run; null where the trait was not tested in the run.
-- The catalog puts the traits of its runs in the place of the one named here.
-- reads:   traits(run, module_id, trait, effect)
-- params:  none
-- returns: run VARCHAR, module_id VARCHAR, ...
-- grain:   one row per run, module_id
-- order:   run, module_id
SELECT *
FROM (
    PIVOT (
        SELECT
            run,
            module_id,
            trait,
            effect
        FROM traits
    )
    ON trait IN ('trait')
    USING any_value(effect)
)
ORDER BY run, module_id
