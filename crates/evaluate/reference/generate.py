"""Writes cases.json: scores, truths and what scikit-learn says of them.

    pip install numpy scikit-learn
    python generate.py            # rewrites cases.json beside this file
    python generate.py --seed 7   # other draws, for a one-off check: CANTO_CASES=FILE cargo test

Where scikit-learn has a label's ranking metric undefined (NaN, or a warning and 0 for average
precision without positives) the value is null, and averages over labels leave the label out.
The expected calibration error, which scikit-learn does not have, is written out from its formula.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import sklearn
from sklearn import metrics as sk

FIELDS = {"f1": sk.f1_score, "precision": sk.precision_score, "recall": sk.recall_score}


def draws(rng):
    """Name, scores [rows, labels] and truths of every case."""

    def scores(rows, labels, steps=None):
        values = rng.beta(0.6, 1.4, (rows, labels))
        return np.round(values * steps) / steps if steps else np.round(values, 4)

    def truths(values, noise=0.35):
        return values + rng.normal(0, noise, values.shape) > 0.5

    plain = scores(40, 4)
    yield "plain", plain, truths(plain), [0.5] * 4
    wide = scores(60, 14)
    yield "fourteen labels", wide, truths(wide), list(np.round(rng.random(14), 2))
    tied = scores(50, 3, steps=4)
    yield "many ties", tied, truths(tied), [0.5, 0.25, 0.75]
    alike = np.full((12, 2), 0.25)
    yield "all scores equal", alike, truths(alike, 0.6), [0.25, 0.3]
    none = scores(30, 4)
    gaps = truths(none)
    gaps[:, 1] = False
    gaps[:, 2] = True
    yield "a label never and a label always true", none, gaps, [0.5, 0.4, 0.4, 0.3]
    empty = scores(10, 3)
    yield "nothing true", empty, np.zeros_like(empty, bool), [0.5] * 3
    yield "everything true", empty, np.ones_like(empty, bool), [0.5] * 3
    yield "nothing decided", empty, truths(empty), [1.0] * 3
    row = scores(1, 5)
    yield "one row", row, np.array([[True, False, False, True, False]]), [0.3] * 5
    cell = scores(1, 1)
    yield "one cell", cell, np.array([[True]]), [0.5]
    sure = np.round(scores(20, 3))
    yield "scores of 0 and 1", sure, truths(sure, 0.5), [0.5] * 3
    right = scores(25, 2)
    yield "perfect", right, right >= 0.5, [0.5] * 2


def ranked(truth, score):
    """Area under the curve and average precision, None where undefined."""
    positives = truth.sum()
    area = sk.roc_auc_score(truth, score) if 0 < positives < truth.size else None
    return area, sk.average_precision_score(truth, score) if positives else None


def averaged(values, weights):
    pairs = [(v, w) for v, w in zip(values, weights) if v is not None]
    if not sum(w for _, w in pairs):
        return None
    return float(np.average([v for v, _ in pairs], weights=[w for _, w in pairs]))


def calibration_error(truth, score):
    """Bins of equal mass: 15 times the share of strictly higher scores, rounded down."""
    above = score.size - np.searchsorted(np.sort(score), score, side="right")
    bins = 15 * above // score.size
    chosen = [bins == b for b in np.unique(bins)]
    return float(sum(m.mean() * abs(score[m].mean() - truth[m].mean()) for m in chosen))


def confusion(truth, decided):
    """Hits, false alarms, misses, correct rejections."""
    matrix = sk.confusion_matrix(truth, decided, labels=[False, True])
    return [int(matrix[1, 1]), int(matrix[0, 1]), int(matrix[1, 0]), int(matrix[0, 0])]


def orders(truth, score):
    """The three metrics of each row's order; scikit-learn wants two labels or more."""
    if truth.shape[1] == 1:
        return 0.0, 1.0, float(truth.mean())
    return (
        sk.label_ranking_loss(truth, score),
        sk.label_ranking_average_precision_score(truth, score),
        sk.coverage_error(truth, score),
    )


def expected(score, truth, decided):
    columns = [ranked(truth[:, i], score[:, i]) for i in range(truth.shape[1])]
    areas, precisions = zip(*columns)
    support = truth.sum(axis=0)
    micro = ranked(truth.ravel(), score.ravel())
    out = {
        "macro_roc_auc": averaged(areas, np.ones_like(support)),
        "micro_roc_auc": micro[0],
        "weighted_roc_auc": averaged(areas, support),
        "macro_average_precision": averaged(precisions, np.ones_like(support)),
        "micro_average_precision": micro[1],
        "weighted_average_precision": averaged(precisions, support),
    }
    # One label is "binary" to scikit-learn, which then averages over True and False.
    wide = truth.shape[1] > 1
    pad = (lambda x: x) if wide else (lambda x: np.hstack([x, np.zeros_like(x)]))
    for name, function in FIELDS.items():
        for average in ["micro", "macro", "weighted", "samples"]:
            labels = None if wide else [0]
            averaging = {"average": average}
            if average in ("macro", "weighted", "micro"):
                averaging["labels"] = labels
            out[f"{average}_{name}"] = function(pad(truth), pad(decided), **averaging)
    out["subset_accuracy"] = sk.accuracy_score(truth, decided)
    out["hamming_loss"] = sk.hamming_loss(truth, decided)
    out["log_loss"] = sk.log_loss(truth.ravel(), score.ravel(), labels=[False, True])
    correlations = [sk.matthews_corrcoef(t, d) for t, d in zip(truth.T, decided.T)]
    out["macro_matthews_correlation"] = float(np.mean(correlations))
    out["micro_matthews_correlation"] = sk.matthews_corrcoef(truth.ravel(), decided.ravel())
    out["brier_score"] = float(((score - truth) ** 2).mean())
    out["expected_calibration_error"] = calibration_error(truth.ravel(), score.ravel())
    names = ["ranking_loss", "label_ranking_average_precision", "coverage_error"]
    out |= {name: float(value) for name, value in zip(names, orders(truth, score))}
    out["per_label"] = [
        {
            "roc_auc": areas[i],
            "average_precision": precisions[i],
            "matthews_correlation": correlations[i],
            "brier_score": float(
                sk.brier_score_loss(truth[:, i], score[:, i], labels=[False, True])
            ),
            "expected_calibration_error": calibration_error(truth[:, i], score[:, i]),
            "confusion": confusion(truth[:, i], decided[:, i]),
        }
        | {name: f(truth[:, i], decided[:, i]) for name, f in FIELDS.items()}
        for i in range(truth.shape[1])
    ]
    return out


def best(score, truth):
    """The highest F1 any threshold reaches, by trying each score."""

    def f1(cuts, score, truth):
        decided = score[None] >= cuts[:, None, None]
        hits = (decided & truth).sum(axis=1)
        return 2 * hits / np.maximum(decided.sum(axis=1) + truth.sum(axis=0), 1)

    def flat(values):
        return values.reshape(-1, 1)

    cuts = np.unique(score)
    return {
        "per_label": f1(cuts, score, truth).max(axis=0).tolist(),
        "micro": f1(cuts, flat(score), flat(truth)).max(),
        "macro": f1(cuts, score, truth).mean(axis=1).max(),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("cases.json"))
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    cases = []
    for name, score, truth, thresholds in draws(np.random.default_rng(arguments.seed)):
        # The values as single precision has them, in double precision arithmetic.
        exact = score.astype(np.float32).astype(np.float64)
        decided = exact >= np.array(thresholds).astype(np.float32).astype(np.float64)
        case = {
            "name": name,
            "rows": truth.shape[0],
            "labels": truth.shape[1],
            "scores": [float(v) for v in score.ravel()],
            "targets": "".join("1" if t else "0" for t in truth.ravel()),
            "thresholds": [float(t) for t in thresholds],
            "expected": expected(exact, truth, decided),
            "best_f1": best(exact, truth),
        }
        cases.append(case)
    document = {"scikit-learn": sklearn.__version__, "seed": arguments.seed, "cases": cases}
    arguments.out.write_text(json.dumps(document, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
