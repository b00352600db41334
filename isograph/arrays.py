"""The array types of the package; features are rows and samples columns throughout."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Index = NDArray[np.int64]
Flags = NDArray[np.bool_]
