"""What a user holds after a command: bundles, fits, snapshots, explanations and trees of them, opened."""
