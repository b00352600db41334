"""Artifact directories: written whole or not at all, read back with their digests checked."""
