"""Module eigengenes against sample traits."""
