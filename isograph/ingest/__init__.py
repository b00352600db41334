"""Reading quantification output: one module per format, each giving the same ``Quantification``."""
