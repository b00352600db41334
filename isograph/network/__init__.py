"""From channels to edges and modules: the backends return one type of network, and what follows is the same for all."""
