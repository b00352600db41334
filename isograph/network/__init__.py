"""From channels to edges and modules. Backends return one result type; what comes after is written once."""
