"""What two fits, snapshots, module tables or benchmark reports have in common, and where they differ."""
