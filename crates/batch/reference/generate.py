"""Trains two tiny tokenizers and writes what Python's `tokenizers` makes of some texts.

    pip install tokenizers
    python generate.py                                      # rewrites the JSON files beside this one
    python generate.py --tokenizer FILE --out cases.json    # any other tokenizer, for a one-off
                                                            # check: CANTO_CASES=cases.json cargo test

`roberta.json` is laid out like roberta-base's tokenizer and `bert.json` like BERT's. Both files fix
truncation and padding at 128, as files on the Hub do: what reads them must not obey.
"""

import argparse
import json
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = Path(__file__).parent
WINDOW, STRIDE = 16, 5

SONGS = [
    "Lanterns over the harbour, lanterns over me\nI counted every one of them and gave them to the sea",
    "Oh, the engine's running, we're already gone\nDon't you say it's over, don't you say it's dawn",
    "Ooh ooh ooh, la la la\nOoh ooh ooh, la la la",
    "She's got a paper crown and a pocket full of rain\nShe's dancing with the signals of a midnight train",
    "I'll be there at twenty past nine, I'll be there at ten\nIf you've forgotten my name I'll tell it again",
]

TEXTS = [
    "",
    " ",
    "la",
    "Lanterns over the harbour",
    "  two spaces before, two  between, two after  ",
    "line one\nline two\n\nline four\r\nline five\t(tab)",
    "Don't you say it's over, we're gone, I'll go, you'd stay, I'm here, they've left",
    "Café naïve, Größe, señorita, ÅNGSTRÖM, e\u0301 apart",
    "emoji \U0001f600\U0001f3b8 and \u4e2d\u6587 and \u0440\u0443\u0441\u0441\u043a\u0438\u0439",
    "a <mask> in the middle, a </s> too, [MASK] and [SEP]",
    "1999 was 25 years ago, 3.14 isn't a rhyme",
    "zero\u200bwidth and no\u00a0break",
    "\n".join(SONGS),
    "ooh " * 40,
]


def roberta():
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=360, special_tokens=specials, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(SONGS, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), True, False)
    tokenizer.enable_padding(length=128, pad_id=1, pad_token="<pad>")
    return tokenizer


def bert():
    # Listed, not trained: the WordPiece trainer numbers its tokens anew in every run.
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = sorted({word for word in " ".join(SONGS).lower().split() if word.isalpha()})
    letters = list("abcdefghijklmnopqrstuvwxyz0123456789'.,")
    pieces = letters + ["##" + piece for piece in letters + ["ing", "er", "ed"]] + words
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys(specials + pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.add_special_tokens(specials)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    tokenizer.enable_padding(length=128, pad_id=0, pad_token="[PAD]")
    return tokenizer


def expected(path):
    tokenizer = Tokenizer.from_file(str(path))
    pad = next(i for i in map(tokenizer.token_to_id, ["<pad>", "[PAD]"]) if i is not None)
    tokenizer.no_padding()
    texts = []
    for text in TEXTS:
        tokenizer.no_truncation()
        whole = tokenizer.encode(text).ids
        tokenizer.enable_truncation(WINDOW, stride=STRIDE)
        first = tokenizer.encode(text)
        chunks = [first.ids] + [more.ids for more in first.overflowing]
        texts.append({"text": text, "whole": whole, "chunks": chunks})
    return {"tokenizer": str(path), "pad_id": pad, "texts": texts}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--out", type=Path, default=HERE / "cases.json")
    arguments = parser.parse_args()
    if arguments.tokenizer:
        cases = [expected(arguments.tokenizer.absolute())]
    else:
        cases = []
        for name, make in [("roberta.json", roberta), ("bert.json", bert)]:
            tokenizer = make()
            tokenizer.enable_truncation(128)
            (HERE / name).write_text(tokenizer.to_str() + "\n")
            cases.append(expected(HERE / name) | {"tokenizer": name})
    document = {"window": WINDOW, "stride": STRIDE, "cases": cases}
    arguments.out.write_text(json.dumps(document, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
