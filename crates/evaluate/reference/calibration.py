"""Writes calibration.json: scores, truths and the maps that scikit-learn fits to them.

    pip install numpy scikit-learn
    python calibration.py            # rewrites calibration.json beside this file
    python calibration.py --seed 7 --out FILE

Temperature and Platt's line are logistic regressions on the logit without a penalty; Platt's
smoothed targets become a positive and a negative copy of every song, weighted by them.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression


def regression(**settings):
    return LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-14, max_iter=1000, **settings)


def logit(score):
    score = np.clip(score.astype(np.float64), 1e-12, 1 - 2.0**-25)
    return np.log(score) - np.log1p(-score)


def temperature(score, truth):
    model = regression(fit_intercept=False).fit(logit(score).reshape(-1, 1), truth.ravel())
    return 1 / model.coef_[0, 0]


def platt(score, truth):
    n, p = truth.size, truth.sum()
    target = np.where(truth, (p + 1) / (p + 2), 1 / (n - p + 2))
    x = np.tile(logit(score), 2).reshape(-1, 1)
    model = regression().fit(x, np.repeat([1, 0], n), np.concatenate([target, 1 - target]))
    return [model.coef_[0, 0], model.intercept_[0]]


def isotonic(score, truth, at):
    least = 1 / (truth.size + 2)
    model = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip")
    return model.fit(score, truth).predict(at).tolist()


def draws(rng):
    for name, rows, sharpness, shift, steps in [
        ("too sure", 300, 0.4, 0.0, None),
        ("not sure enough", 300, 2.0, 0.0, None),
        ("shifted", 250, 0.8, -1.5, None),
        ("many ties", 200, 1.0, 0.5, 8),
        ("with scores of 0 and 1", 120, 0.7, 0.0, 3),
    ]:
        z = rng.normal(-1, 2, (rows, 2))
        truth = rng.random(z.shape) < 1 / (1 + np.exp(-(sharpness * z + shift)))
        score = 1 / (1 + np.exp(-z))
        score = np.round(np.round(score * steps) / steps if steps else score, 5)
        yield name, score.astype(np.float32), truth


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("calibration.json"))
    arguments = parser.parse_args()
    grid = np.linspace(0, 1, 21).astype(np.float32)
    cases = []
    for name, score, truth in draws(np.random.default_rng(arguments.seed)):
        columns = list(zip(score.T, truth.T))
        cases.append(
            {
                "name": name,
                "rows": truth.shape[0],
                "scores": [float(f"{v:.6g}") for v in score.ravel()],
                "targets": "".join("1" if t else "0" for t in truth.ravel()),
                "temperature": temperature(score, truth),
                "platt": [platt(*column) for column in columns],
                "grid": [float(f"{v:.6g}") for v in grid],
                "isotonic": [isotonic(*column, grid) for column in columns],
            }
        )
    document = {"scikit-learn": sklearn.__version__, "seed": arguments.seed, "cases": cases}
    arguments.out.write_text(json.dumps(document, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
