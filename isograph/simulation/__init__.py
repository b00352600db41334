"""Fixture specs, and the bundles with planted truth that are made from them."""
