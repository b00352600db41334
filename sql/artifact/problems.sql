-- What was left out of the views, and why.
-- reads:   files.problems(path, problem)
-- params:  none
-- returns: path VARCHAR, problem VARCHAR
-- grain:   one row per path, problem
-- order:   none
SELECT
    path,
    problem
FROM files.problems
