"""The round trip with transformers, both ways, on real models.

    python interop.py --logits BINARY --minilm DIR --mpnet DIR --roberta-tokenizer DIR

For the real MiniLM and MPNet (encoders alone, from which transformers makes a classifier with a
fresh head) and for roberta-base's size with random weights: transformers' folder is scored by
`BINARY` (the example `logits`), saved again by it, and that folder is loaded by transformers; all
logits must agree. The other way, a model drawn by `BINARY` is loaded by transformers. Real text
goes through each model's own tokenizer, padded.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
from transformers import (
    AutoConfig, AutoModelForSequenceClassification, PreTrainedTokenizerFast, RobertaConfig,
)

TEXTS = [
    "Paper boats along the gutter, lanterns over the square",
    "Turn the engine over, count to ten, the desert has no clocks",
    "la la la",
    "I wrote a letter to the river and the river wrote me back: " * 8,
]
LABELS = ["Folk", "Jazz", "Metal", "Pop", "Rock", "Soul"]
TOLERANCE = 1e-4


def encode(folder, pad_token):
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    tokenizer.pad_token = pad_token
    return tokenizer(TEXTS, padding=True, truncation=True, max_length=128, return_tensors="pt")


def reference_logits(folder, batch):
    model, info = AutoModelForSequenceClassification.from_pretrained(
        folder, output_loading_info=True, dtype=torch.float32
    )
    assert not info["missing_keys"] and not info["unexpected_keys"], (folder, info)
    config = AutoConfig.from_pretrained(folder)
    assert config.problem_type == "multi_label_classification", folder
    assert [config.id2label[i] for i in range(len(LABELS))] == LABELS, folder
    with torch.no_grad():
        return model.eval()(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
        ).logits


def write_batch(batch, path):
    path.write_text(json.dumps({k: batch[k].tolist() for k in ("input_ids", "attention_mask")}))


def run(binary, *arguments):
    subprocess.run([str(binary), *map(str, arguments)], check=True)


def compare(what, found, expected):
    off = (torch.tensor(found) - expected).abs().max().item()
    print(f"{what}: logits off by {off:.1e} (largest {expected.abs().max().item():.3f})")
    return off <= TOLERANCE


def classifier_of(folder_or_config, target):
    """A classifier as transformers makes it, its head drawn wider than usual so that logits differ."""
    torch.manual_seed(4)
    options = dict(
        num_labels=len(LABELS), id2label=dict(enumerate(LABELS)),
        label2id={label: i for i, label in enumerate(LABELS)},
        problem_type="multi_label_classification",
    )
    if isinstance(folder_or_config, RobertaConfig):
        folder_or_config.update(options)
        model = AutoModelForSequenceClassification.from_config(folder_or_config)
    else:
        model = AutoModelForSequenceClassification.from_pretrained(
            folder_or_config, dtype=torch.float32, **options
        )
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if name.startswith("classifier"):
                tensor.normal_(std=0.2)
    model.save_pretrained(target)


def round_trip(name, source, tokenizer, pad_token, binary, work):
    ours, theirs, fresh = work / f"{name}-ours", work / f"{name}-theirs", work / f"{name}-fresh"
    batch_path, found_path = work / "batch.json", work / "logits.json"
    classifier_of(source, theirs)
    batch = encode(tokenizer, pad_token)
    write_batch(batch, batch_path)
    expected = reference_logits(theirs, batch)
    run(binary, theirs, batch_path, found_path, ours)
    good = compare(f"{name}, transformers -> canto", json.loads(found_path.read_text()), expected)
    good &= compare(f"{name}, canto saved -> transformers", reference_logits(ours, batch).tolist(), expected)
    run(binary, "--fresh", theirs / "config.json", batch_path, found_path, fresh)
    drawn = json.loads(found_path.read_text())
    return good & compare(f"{name}, canto drawn -> transformers", drawn, reference_logits(fresh, batch))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--logits", type=pathlib.Path, required=True)
    parser.add_argument("--minilm", type=pathlib.Path)
    parser.add_argument("--mpnet", type=pathlib.Path)
    parser.add_argument("--roberta-tokenizer", type=pathlib.Path)
    given = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        if given.minilm:
            good &= round_trip("minilm", given.minilm, given.minilm, "[PAD]", given.logits, work)
        if given.mpnet:
            good &= round_trip("mpnet", given.mpnet, given.mpnet, "<pad>", given.logits, work)
        if given.roberta_tokenizer:
            config = RobertaConfig(
                vocab_size=50265, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5
            )
            tokenizer = given.roberta_tokenizer
            good &= round_trip("roberta-base", config, tokenizer, "<pad>", given.logits, work)
    print("all agree" if good else "SOME DIFFER")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
