"""From counts to the two channels: abundance and switching, with covariates projected out."""
