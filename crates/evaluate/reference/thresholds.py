"""Which way of picking a label's threshold loses least F1 on new songs: a simulation.

    pip install numpy
    python thresholds.py             # prints the table in the documentation of `tune`

640 artists of about 5 songs each are drawn; an artist has the label or has it not. The score of a
song is the true probability of the label given a normal variable, whose mean is 1.2 higher with
the label and whose variance is half the artist's, half the song's own. Each way picks a threshold
on these songs; its F1 on endlessly many new ones is known exactly.

    naive    the threshold of best F1 on the songs as they are
    bagged   the mean of the best thresholds of 100 resamples of artists
    median   their median
    folds    the mean of the best thresholds with each of 5 folds of artists left out
    curve    the best threshold of the F1 curve averaged over the resamples
    kernel   the best threshold of the F1 curve smoothed along the score's logit
"""

import argparse
from math import erfc, log, sqrt

import numpy as np

ARTISTS, SONGS, LIFT = 640, 5, 1.2


def normal(x):
    return 0.5 * erfc(-x / sqrt(2))


def score(x, prevalence):
    return 1 / (1 + np.exp(-(LIFT * x - LIFT**2 / 2 + log(prevalence / (1 - prevalence)))))


def reached(threshold, prevalence):
    """F1 on new songs."""
    x = (log(threshold / (1 - threshold)) - log(prevalence / (1 - prevalence)) + LIFT**2 / 2) / LIFT
    hits = prevalence * (1 - normal(x - LIFT))
    return 2 * hits / (prevalence + hits + (1 - prevalence) * (1 - normal(x)))


def draw(rng, prevalence):
    """Scores by descending order, truths and artists."""
    has = np.zeros(ARTISTS, bool)
    has[: max(1, rng.binomial(ARTISTS, prevalence))] = True
    artist = np.repeat(np.arange(ARTISTS), rng.poisson(SONGS - 1, ARTISTS) + 1)
    taste = rng.normal(0, sqrt(0.5), ARTISTS)[artist]
    x = LIFT * has[artist] + taste + rng.normal(0, sqrt(0.5), artist.size)
    order = np.argsort(-x)
    return score(x[order], prevalence), has[artist][order], artist[order]


def curve(truth, weight):
    hits = np.cumsum(weight * truth)
    return 2 * hits / np.maximum(np.cumsum(weight) + hits[-1], 1)


def cut(scores, at):
    return (scores[at] + (scores[at + 1] if at + 1 < scores.size else 0)) / 2


def smoothed(scores, f1, width=0.2):
    x = np.log(scores / (1 - scores))
    grid = np.linspace(x[-1], x[0], 400)
    at = np.clip(np.searchsorted(-x, -grid, side="right") - 1, 0, x.size - 1)
    kernel = np.exp(-0.5 * ((grid[:, None] - grid) / width) ** 2)
    best = grid[((kernel * f1[at]).sum(axis=1) / kernel.sum(axis=1)).argmax()]
    return 1 / (1 + np.exp(-best))


def pick(rng, scores, truth, artist):
    f1 = curve(truth, np.ones(truth.size))
    best, total = [], np.zeros(truth.size)
    for _ in range(100):
        drawn = np.bincount(rng.integers(0, ARTISTS, ARTISTS), minlength=ARTISTS)
        resampled = curve(truth, drawn[artist])
        total += resampled
        if resampled.max() > 0:
            best.append(cut(scores, resampled.argmax()))
    fold = rng.permutation(ARTISTS)[artist] % 5
    left = [curve(truth, (fold != one).astype(int)) for one in range(5)]
    return {
        "naive": cut(scores, f1.argmax()),
        "bagged": np.mean(best),
        "median": np.median(best),
        "folds": np.mean([cut(scores, f1.argmax()) for f1 in left]),
        "curve": cut(scores, total.argmax()),
        "kernel": smoothed(scores, f1),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--draws", type=int, default=300)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    for prevalence in [0.01, 0.02, 0.05, 0.15, 0.4]:
        grid = np.linspace(0.001, 0.999, 2000)
        best = max(reached(threshold, prevalence) for threshold in grid)
        lost, positives = {}, []
        for _ in range(arguments.draws):
            scores, truth, artist = draw(rng, prevalence)
            positives.append(truth.sum())
            for way, threshold in pick(rng, scores, truth, artist).items():
                lost.setdefault(way, []).append(best - reached(threshold, prevalence))
        means = "  ".join(f"{way} {np.mean(values):.4f}" for way, values in lost.items())
        print(f"{np.mean(positives):5.0f} positives, best {best:.3f}, lost: {means}", flush=True)


if __name__ == "__main__":
    main()
