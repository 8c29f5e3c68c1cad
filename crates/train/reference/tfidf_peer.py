"""TF-IDF (1-2 grams) and logistic regression on the songs that `canto prepare` wrote.

    python tfidf_peer.py --prepared data/prepared/real --out tfidf.json
"""

import argparse
import json
import time

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.multiclass import OneVsRestClassifier
from songs import metrics, read


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepared", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    songs = read(args.prepared)
    since = time.time()
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2), min_df=3, max_features=200_000, sublinear_tf=True
    )
    features = vectorizer.fit_transform(songs.lyrics["train"])
    model = OneVsRestClassifier(LogisticRegression(C=4, solver="liblinear"), n_jobs=1)
    model.fit(features, songs.targets["train"])
    seconds = time.time() - since
    found = model.predict_proba(vectorizer.transform(songs.lyrics["test"]))
    truth = songs.targets["test"]
    prior = np.tile(songs.targets["train"].mean(axis=0), (len(truth), 1))
    result = {
        **metrics(truth, found),
        "prior_only_micro_roc_auc": roc_auc_score(truth, prior, average="micro"),
        "train_songs": len(songs.lyrics["train"]),
        "test_songs": len(truth),
        "fit_seconds": seconds,
    }
    with open(args.out, "w") as file:
        json.dump(result, file, indent=2)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
