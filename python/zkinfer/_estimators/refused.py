# SPDX-License-Identifier: Apache-2.0
"""Estimators of scikit-learn that have no reader, with the reason and what to do instead."""

from __future__ import annotations

from .base import REFUSED

_ITERATES = "answers by an iteration that ends when it has converged, not by a computation of known length"
_TEXT = "reads text or objects, and inputs of proofs are numbers"
_ALL_ROWS = "answers of the rows that it was fitted on, and has no rule for others"
_TRAINING = "compares with all of the training data by sums whose length depends on the input"
_BEFORE = "do it before, and compile what comes behind it"
_OTHERS = "take KNeighborsClassifier, trees or a support vector machine"

REFUSED.update(
    {name: (_ITERATES, "take PCA, TruncatedSVD, FactorAnalysis or FastICA") for name in (
        "NMF", "MiniBatchNMF", "LatentDirichletAllocation", "DictionaryLearning", "MiniBatchDictionaryLearning", "SparseCoder",
    )}  # fmt: skip
    | {name: (_TEXT, _BEFORE) for name in (
        "CountVectorizer", "TfidfVectorizer", "HashingVectorizer", "DictVectorizer", "FeatureHasher", "MultiLabelBinarizer", "PatchExtractor",
    )}  # fmt: skip
    | {name: (_ALL_ROWS, "train a classifier on the labels that it found (labels_), and compile that") for name in (
        "AgglomerativeClustering", "DBSCAN", "HDBSCAN", "OPTICS", "SpectralClustering", "SpectralBiclustering", "SpectralCoclustering",
    )}  # fmt: skip
    | {name: (_ALL_ROWS, "take PCA or KernelPCA") for name in ("MDS", "TSNE", "SpectralEmbedding", "ClassicalMDS")}
    | {name: (_TRAINING, _OTHERS) for name in (
        "RadiusNeighborsClassifier", "RadiusNeighborsRegressor", "RadiusNeighborsTransformer", "KNeighborsTransformer", "NearestNeighbors", "KernelDensity",
    )}  # fmt: skip
    | {
        "LabelEncoder": ("is for labels, not for features", "take OrdinalEncoder"),
        "LabelBinarizer": ("is for labels, not for features", "take OneHotEncoder"),
        "GaussianProcessClassifier": ("its answer is an integral over the training data", "take SVC(probability=True) or LogisticRegression"),
        "GaussianProcessRegressor": ("its answer is a sum of large terms that cancel, of which integers keep too little", "take KernelRidge or SVR"),
        "LabelPropagation": ("compares with all of the training data", "train a classifier on transduction_, and compile that"),
        "LabelSpreading": ("compares with all of the training data", "train a classifier on transduction_, and compile that"),
        "LocalOutlierFactor": ("compares with the neighbours of neighbours", "take IsolationForest, OneClassSVM or EllipticEnvelope"),
        "Isomap": ("looks for shortest ways through the training data", "take PCA or KernelPCA"),
        "LocallyLinearEmbedding": ("solves equations over the neighbours of each row", "take PCA or KernelPCA"),
        "BernoulliRBM": ("its features are of a network for which there is no reader", "take MLPClassifier"),
        "BisectingKMeans": ("descends a tree of clusters", "take KMeans"),
        "RandomTreesEmbedding": ("gives a column for every leaf", "take RandomForestClassifier or ExtraTreesClassifier"),
        "PolynomialCountSketch": ("is a random projection by Fourier transforms", "take PolynomialFeatures or Nystroem(kernel='poly')"),
        "AdditiveChi2Sampler": ("has no reader", "take Nystroem or RBFSampler"),
        "SkewedChi2Sampler": ("has no reader", "take Nystroem or RBFSampler"),
        "SplineTransformer": ("has no reader", "take PolynomialFeatures or KBinsDiscretizer"),
        "TfidfTransformer": ("is for counts of words", _BEFORE),
        "KernelCenterer": ("is for matrices of kernels", "take KernelPCA"),
        "KNNImputer": ("fills in what is missing from neighbours", "take SimpleImputer with a number as missing_values, or fill in before"),
        "IterativeImputer": ("fills in what is missing by a model of its own", "take SimpleImputer with a number as missing_values, or fill in before"),
        "TargetEncoder": ("has no reader", "take OrdinalEncoder or OneHotEncoder"),
    }
)
