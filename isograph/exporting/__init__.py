"""A fit in the formats of other tools."""
