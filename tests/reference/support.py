"""Membership without the own gene: the module's matrix without the gene's rows, decomposed anew for every feature."""

from __future__ import annotations

import numpy as np


def leave_gene_out(z, in_module, gene_of):
    """Return r of each row with the first right singular vector of the module's rows of other genes.

    Its sign is that of the first right singular vector of all the module's rows, which is
    returned too. NaN where no row is left.

    z: (p, n), rows with mean 0. in_module: (p,). gene_of: (p,).
    """
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    whole = np.linalg.svd(unit[in_module])[2][0]
    found = []
    for feature, gene in enumerate(gene_of):
        rest = unit[in_module & (gene_of != gene)]
        if not len(rest):
            found.append(np.nan)
            continue
        axis = np.linalg.svd(rest)[2][0]
        found.append(unit[feature] @ axis * (1.0 if axis @ whole >= 0 else -1.0))
    return np.array(found), whole
