"""Simple models against scikit-learn's, or against what they are by definition."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import log_loss as log_loss_of
from sklearn.neighbors import KNeighborsRegressor

from tb_nnhealth.flight.brief.linear import NEIGHBOURS, PENALTIES, log_loss, logistic, neighbours, ridge


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))[:600]
    x = (data.data - data.data.mean(axis=0)) / np.maximum(data.data.std(axis=0), 1e-9)
    return x[order], np.eye(10)[data.target[order]]


def test_ridge_is_that_of_the_least_leave_one_out_error():
    random = np.random.default_rng(1)
    x = random.normal(size=(40, 30))
    y = x[:, :2] + 2 * random.normal(size=(40, 2))
    reference = RidgeCV(alphas=PENALTIES * 40).fit(x, y)
    np.testing.assert_allclose(ridge(x, y)(x[:5]), reference.predict(x[:5]), rtol=1e-6)


def test_logistic_regression_is_about_as_good_as_a_tuned_one(digits):
    x, y = digits
    ours = logistic(x[:450], y[:450], True)(x[450:])
    fits = [LogisticRegression(C=c, max_iter=500).fit(x[:450], y[:450].argmax(axis=1)) for c in (0.01, 0.1, 1.0)]
    best = min(log_loss_of(y[450:].argmax(axis=1), fit.predict_proba(x[450:])) for fit in fits)
    assert log_loss(y[450:], ours, True) < 1.3 * best
    np.testing.assert_allclose(ours.sum(axis=1), 1.0)


def test_logistic_regression_of_a_yes_or_no():
    data = load_breast_cancer()
    x, y = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0), data.target[:, None].astype(float)
    assert ((logistic(x[:400], y[:400], False)(x[400:]) > 0.5) == y[400:]).mean() > 0.95


def test_noise_is_answered_by_about_the_frequencies():
    random = np.random.default_rng(2)
    x, y = random.normal(size=(200, 50)), np.eye(2)[(random.random(200) < 0.3).astype(int)]
    loss = log_loss(y, logistic(x[:100], y[:100], True)(x), True)
    assert loss < 1.15 * log_loss(y, np.broadcast_to(y.mean(axis=0), y.shape), True)


def test_neighbours_are_the_nearest(digits):
    x, y = digits
    reference = KNeighborsRegressor(NEIGHBOURS).fit(x[:500], y[:500]).predict(x[500:])
    assert np.abs(neighbours(x[:500], y[:500])(x[500:]) - reference).mean() < 1e-3
    np.testing.assert_allclose(neighbours(x[:3], y[:3])(x[:1]), y[:3].mean(axis=0)[None])
