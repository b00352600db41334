"""Why a module is a module: what its genes do, and how the isoforms that switch differ."""
