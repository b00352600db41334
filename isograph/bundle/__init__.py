"""Dataset bundles: a directory of tables and matrices that belong together, described by a manifest."""
