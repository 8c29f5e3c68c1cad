"""Writes cases.json: invented lyrics, and what scikit-learn makes of them.

    pip install numpy scikit-learn
    python generate.py            # rewrites cases.json beside this file
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

# Umlauts, a combining accent, fractions, digits, underscores, capitals that lower-case to two
# characters, a final sigma, apostrophes, other scripts.
ODD = [
    "Über den Wolken, über DEN Dächern; ÜBER den Wolken",
    "cafe\u0301 am Meer, café am Meer, café am Morgen",
    "½ mile, 2² times, x² and snake_case and __ a I",
    "İstanbul İstanbul, ΟΔΟΣ ΣΟΦΟΣ, straße STRASSE",
    "don't stop, don't go, rock'n'roll don't",
    "песня о море, песня о небе, море и небо",
    "夜の歌 夜の歌 हिन्दी गीत हिन्दी गीत",
    "",
    "a b c !",
    "over the sea over the sea over the hill",
    "the sea and the hill and the sea",
]
WORDS = "amber bell candle drift ember fern glow harbour iris jade kite lantern mist".split()


def drawn(rng, rows):
    """Lyrics whose words lean on their targets [rows, 3]."""
    targets = rng.random((rows, 3)) < [0.5, 0.25, 0.1]
    lyrics = []
    for row in targets:
        weights = np.ones(len(WORDS))
        for label, has in enumerate(row):
            weights[4 * label : 4 * label + 3] += 2.0 * has
        length = rng.integers(4, 25)
        lyrics.append(" ".join(rng.choice(WORDS, length, p=weights / weights.sum())))
    return lyrics, targets


def vectorised(name, lyrics, other, **options):
    config = {"analyzer": "word", "ngrams": [1, 2], "min_document_frequency": 1, "max_features": 200000}
    config |= {"sublinear": True} | options
    vectorizer = TfidfVectorizer(
        analyzer=config["analyzer"],
        ngram_range=tuple(config["ngrams"]),
        min_df=config["min_document_frequency"],
        max_features=config["max_features"],
        sublinear_tf=config["sublinear"],
    )
    vectorizer.fit(lyrics)
    case = {"name": name, "lyrics": lyrics, "other": other}
    case["config"] = {"vectorizers": [config]}
    case["terms"] = vectorizer.get_feature_names_out().tolist()
    case["idf"] = vectorizer.idf_.tolist()
    case["features"] = vectorizer.transform(lyrics + other).toarray().round(9).tolist()
    return case, vectorizer


def fitted(name, lyrics, targets, other, c, **options):
    case, vectorizer = vectorised(name, lyrics, other, **options)
    case["config"] |= {"inverse_regularisation": c, "tolerance": 1e-7}
    features = vectorizer.transform(lyrics)
    scores = []
    for label in targets.T:
        model = LogisticRegression(C=c, solver="liblinear", tol=1e-10, max_iter=100_000)
        model.fit(features, label)
        scores.append(model.predict_proba(vectorizer.transform(lyrics + other))[:, 1])
    del case["features"]
    case["targets"] = targets.astype(int).tolist()
    case["scores"] = np.array(scores).T.round(9).tolist()
    return case


def main():
    rng = np.random.default_rng(0)
    lyrics, targets = drawn(rng, 40)
    other, _ = drawn(rng, 5)
    vectors = [
        vectorised("odd text", ODD, ["über den Wolken unbekannt", "nothing known"])[0],
        vectorised("words alone", ODD, [], ngrams=[1, 1], min_document_frequency=2)[0],
        vectorised("one to three", ODD, [], ngrams=[1, 3], sublinear=False)[0],
        vectorised("in three lyrics or more", lyrics[:10], other[:2], min_document_frequency=3)[0],
        # The four are found more often than the fifth, so no tie is cut.
        vectorised("the most frequent", ["aa " * n + "bb " * n for n in (3, 4)] + ["cc"], [],
                   max_features=4)[0],
        vectorised("characters", ODD, ["\x1cwind\u00a0and  waves\t!", "a"], analyzer="char_wb",
                   ngrams=[2, 4])[0],
        vectorised("single characters", ODD, [], analyzer="char_wb", ngrams=[1, 1],
                   min_document_frequency=2)[0],
    ]
    fits = [
        fitted("as by default", lyrics, targets, other, 4.0),
        fitted("strong penalty", lyrics, targets, other, 0.05),
        fitted("weak penalty", lyrics, targets, other, 300.0, ngrams=[1, 1]),
        fitted("of characters", lyrics, targets, other, 2.0, analyzer="char_wb", ngrams=[3, 5]),
    ]
    cases = {"scikit_learn": sklearn.__version__, "vectors": vectors, "fits": fits}
    text = json.dumps(cases, ensure_ascii=False, indent=None)
    Path(__file__).with_name("cases.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
