"""How good a result is: metrics against planted truth, gates, and stability over subsamples."""
