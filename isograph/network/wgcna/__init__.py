"""WGCNA without R: the functions R users look for, and the backend made of them.

Feature matrices are (n_features, n_samples), missing values NaN; labels are R's numbers, 0 for no module.
"""

from isograph.config.wgcna import WgcnaConfig
from isograph.network.wgcna.backend import wgcna_memory, wgcna_network
from isograph.network.wgcna.blockwise import BlockwiseModules, blockwise_modules
from isograph.network.wgcna.connectivity import (
    IntramodularConnectivity,
    intramodular_connectivity,
    signed_kme,
    soft_connectivity,
    top_hubs,
)
from isograph.network.wgcna.correlation_matrix import CorrelationOptions, correlation, fisher_pvalue, student_pvalue
from isograph.network.wgcna.eigengene import ModuleEigengenes, module_eigengenes
from isograph.network.wgcna.good_features import GoodSamplesGenes, good_samples_genes
from isograph.network.wgcna.imputation import impute_knn
from isograph.network.wgcna.merging import MergedModules, merge_close_modules
from isograph.network.wgcna.preclustering import feature_blocks
from isograph.network.wgcna.preservation import ModulePreservation, module_preservation
from isograph.network.wgcna.threshold import ScaleFreeFit, SoftThresholds, scale_free_fit, soft_threshold_table
from isograph.network.wgcna.tom import adjacency, topological_overlap
from isograph.network.wgcna.tree import Tree, average_linkage
from isograph.network.wgcna.treecut import TreeCut, TreeCutOptions, hybrid_tree_cut
from isograph.schemas.color import labels_to_colors, standard_colors

__all__ = [
    "BlockwiseModules",
    "CorrelationOptions",
    "GoodSamplesGenes",
    "IntramodularConnectivity",
    "MergedModules",
    "ModuleEigengenes",
    "ModulePreservation",
    "ScaleFreeFit",
    "SoftThresholds",
    "Tree",
    "TreeCut",
    "TreeCutOptions",
    "WgcnaConfig",
    "adjacency",
    "average_linkage",
    "blockwise_modules",
    "correlation",
    "feature_blocks",
    "fisher_pvalue",
    "good_samples_genes",
    "hybrid_tree_cut",
    "impute_knn",
    "intramodular_connectivity",
    "labels_to_colors",
    "merge_close_modules",
    "module_eigengenes",
    "module_preservation",
    "scale_free_fit",
    "signed_kme",
    "soft_connectivity",
    "soft_threshold_table",
    "standard_colors",
    "student_pvalue",
    "top_hubs",
    "topological_overlap",
    "wgcna_memory",
    "wgcna_network",
]
