"""The statistics once more, in float64 NumPy and without any care, to hold the tensor functions against."""

import math

import numpy as np

from tb_nnhealth.vocabulary import HIGHEST_EXPONENT, HISTOGRAM_BINS, HISTOGRAM_EXPONENTS, LOWEST_EXPONENT

Numbers = dict[str, float]
NAN = float("nan")
CONSTANT = 1e-6
"""Spread, as a share of the mean, below which a float32 tensor is constant."""


def moments(x: np.ndarray) -> Numbers:
    flat = np.asarray(x).astype(np.float32).astype(np.float64).ravel()
    finite = flat[np.isfinite(flat)]
    if not finite.size:
        names = ("norm", "rms", "mean", "std", "absmax", "zero_fraction", "skewness", "kurtosis")
        return dict.fromkeys(names, NAN) | {"nonfinite": flat.size}
    mean, std = finite.mean(), finite.std()
    z = (finite - mean) / std if std > CONSTANT * abs(mean) else np.full_like(finite, NAN)
    return {
        "norm": math.sqrt((finite**2).sum()),
        "rms": math.sqrt((finite**2).mean()),
        "mean": mean,
        "std": std,
        "absmax": np.abs(finite).max(),
        "zero_fraction": (finite == 0).mean(),
        "skewness": (z**3).mean(),
        "kurtosis": (z**4).mean() - 3,
        "nonfinite": flat.size - finite.size,
    }


def forward(x: np.ndarray) -> Numbers:
    of_all = moments(x)
    flat = np.asarray(x, np.float64)
    finite = flat[np.isfinite(flat)]
    units = np.moveaxis(flat, -1, 0).reshape(flat.shape[-1], -1)
    names = ("mean", "std", "rms", "zero_fraction", "nonfinite")
    return {name: of_all[name] for name in names} | {
        "min": finite.min() if finite.size else NAN,
        "max": finite.max() if finite.size else NAN,
        "silent": (units == 0).all(axis=1).mean(),
    }


def batch(x: np.ndarray) -> Numbers:
    of_all = forward(np.asarray(x).reshape(-1, np.shape(x)[-1] if np.ndim(x) > 1 else 1))
    columns = np.asarray(x, np.float64).reshape(-1, np.shape(x)[-1] if np.ndim(x) > 1 else 1)
    spreads = []
    for column in columns.T:
        finite = column[np.isfinite(column)]
        spread = finite.std() if finite.size else 0.0
        spreads.append(0.0 if not finite.size or spread <= CONSTANT * abs(finite.mean()) else spread)
    known = np.isfinite(columns).any()
    return {f"data_{name}": of_all[name] for name in ("mean", "std", "min", "max", "zero_fraction", "nonfinite")} | {
        "feature_std_min": min((s for s in spreads if s > 0), default=NAN),
        "feature_std_max": max(spreads) if known else NAN,
        "constant_features": sum(s == 0 for s in spreads) if known else NAN,
    }


def histogram(x: np.ndarray) -> np.ndarray:
    counts = np.zeros(HISTOGRAM_BINS)
    for value in np.asarray(x).astype(np.float32).astype(np.float64).ravel():
        if not np.isfinite(value):
            continue
        if abs(value) < np.finfo(np.float32).tiny:
            counts[HISTOGRAM_EXPONENTS] += 1
            continue
        exponent = math.frexp(abs(value))[1] - 1
        rank = min(max(exponent, LOWEST_EXPONENT), HIGHEST_EXPONENT) - LOWEST_EXPONENT
        counts[HISTOGRAM_EXPONENTS + (1 + rank if value > 0 else -1 - rank)] += 1
    return counts
