"""Compiled loops over arrays. Each kernel writes into ``out`` arrays, validates nothing and has a twin in the tests."""
