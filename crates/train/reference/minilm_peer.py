"""The MiniLM recipe in PyTorch and transformers, on the songs that `canto prepare` wrote.

Same songs, split, tokens, batch size, learning rate, schedule, decay groups, clipping and
dropout as the recipe; prints the test metrics at the end.

    python minilm_peer.py --prepared data/prepared/real --base .models/minilm --out peer.json
"""

import argparse
import json
import time

import numpy as np
import torch
from songs import metrics, read
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    get_linear_schedule_with_warmup,
)


def encode(tokenizer, lyrics, tokens):
    # The file fixes truncation at 128 tokens; what counts is what the recipe says.
    return tokenizer(lyrics, truncation=True, max_length=tokens, padding=False)["input_ids"]


def batches(rows, size, pad, order):
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        width = max(len(rows[i]) for i in chosen)
        ids = torch.full((len(chosen), width), pad)
        for k, i in enumerate(chosen):
            ids[k, : len(rows[i])] = torch.tensor(rows[i])
        yield chosen, ids, (ids != pad).long()


@torch.no_grad()
def scores(model, rows, pad):
    model.eval()
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    result = [None] * len(rows)
    for chosen, ids, mask in batches(rows, 32, pad, order):
        for i, row in zip(chosen, torch.sigmoid(model(ids, attention_mask=mask).logits)):
            result[i] = row.numpy()
    return np.array(result)


def parameter_groups(model, decay):
    plain = ("bias", "LayerNorm.weight")
    return [
        {
            "params": [p for n, p in model.named_parameters() if not n.endswith(plain)],
            "weight_decay": decay,
        },
        {
            "params": [p for n, p in model.named_parameters() if n.endswith(plain)],
            "weight_decay": 0.0,
        },
    ]


def train(model, rows, targets, pad, args):
    optimizer = torch.optim.AdamW(parameter_groups(model, args.weight_decay), lr=args.lr)
    steps = args.epochs * -(-len(rows) // args.batch)
    schedule = get_linear_schedule_with_warmup(optimizer, int(args.warmup * steps), steps)
    loss_of = torch.nn.BCEWithLogitsLoss()
    generator = np.random.default_rng(args.seed)
    step, since = 0, time.time()
    for _ in range(args.epochs):
        model.train()
        order = generator.permutation(len(rows))
        for chosen, ids, mask in batches(rows, args.batch, pad, order):
            loss = loss_of(model(ids, attention_mask=mask).logits, targets[chosen])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            step += 1
            if step % 50 == 0:
                rate = step * args.batch / (time.time() - since)
                print(f"step {step}/{steps} loss {loss.item():.4f} {rate:.1f} songs/s", flush=True)
    return time.time() - since


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepared", required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--lr", type=float, default=8e-5)
    parser.add_argument("--warmup", type=float, default=0.0)
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)

    songs = read(args.prepared)
    labels = songs.labels
    tokenizer = AutoTokenizer.from_pretrained(args.base)
    model = AutoModelForSequenceClassification.from_pretrained(args.base, num_labels=len(labels))
    rows = {s: encode(tokenizer, songs.lyrics[s], args.tokens) for s in ("train", "test")}
    targets = torch.tensor(songs.targets["train"], dtype=torch.float32)
    pad = tokenizer.pad_token_id
    seconds = train(model, rows["train"], targets, pad, args)
    found, truth = scores(model, rows["test"], pad), songs.targets["test"]
    result = {
        **metrics(truth, found),
        "train_songs": len(rows["train"]),
        "test_songs": len(rows["test"]),
        "train_seconds": seconds,
        "train_songs_per_second": args.epochs * len(rows["train"]) / seconds,
    }
    with open(args.out, "w") as file:
        json.dump(result, file, indent=2)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
