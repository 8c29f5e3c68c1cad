"""A whole pretrained encoder fine-tuned in PyTorch, on the songs that `canto prepare` wrote.

Windows, head, loss, decay groups, schedule, clipping and average are canto's; batches are grouped by
length transformers' way. The epoch that is best on validation is kept.

    python finetune_peer.py --prepared data/prepared/real --base .models/mpnet --device cuda \\
        --precision bf16 --pooling mean --epochs 4 --lr 3e-5 --out peer.json

Several runs share one start: `--runs runs.json` is a list of objects, each the options that differ
from the command line's and a `name`. `--out` gets a line of JSON for each run as it ends; beside it
lies an `.npz` with the probabilities, logits and targets of the validation and test songs and their
ids, in the order of `songs.parquet`. A run that fails says so in its line and the next one begins.
"""

import argparse
import functools
import gc
import json
import math
import os
import sys
import time
import traceback
from pathlib import Path

import numpy as np
import torch
from songs import LABELS, metrics, read
from tokenizers import Tokenizer
from torch.nn.functional import logsigmoid
from transformers import AutoConfig, AutoModel, get_linear_schedule_with_warmup, logging

FORMATS = {"f32": None, "bf16": torch.bfloat16, "f16": torch.float16}
# canto's defaults of `balanced_*` and `pos_weight_max`.
ALPHA, BETA, MU, LAMBDA, KAPPA = 0.1, 10.0, 0.2, 5.0, 0.05
POS_WEIGHT_MAX = 10.0


def parser():
    result = argparse.ArgumentParser(description=__doc__)
    option = result.add_argument
    option("--prepared", required=True)
    option("--base", required=True, help="folder in Hugging Face's layout, BERT or MPNet")
    option("--out", required=True)
    option("--runs", help="JSON file with a list of objects that override options")
    option("--seconds", type=float, default=math.inf, help="no run begins later than that")
    option("--name", default="finetune")
    option("--tokens", type=int, default=512, help="of a window, special ones included")
    option("--window", choices=("head", "chunks"), default="head")
    option("--max-chunks", type=int, default=4)
    option("--pooling", choices=("first", "mean"), default="first")
    option("--epochs", type=int, default=3)
    option("--batch", type=int, default=16, help="songs in a step")
    option("--mega-batches", type=int, default=50, help="sorted by length together; 1: none are")
    option("--pass-tokens", type=int, default=32768, help="that go through the model at once")
    option("--lr", type=float, default=2e-5)
    option("--warmup", type=float, default=0.0, help="share of all steps")
    option("--weight-decay", type=float, default=0.01)
    option("--layer-decay", type=float, default=1.0)
    option("--frozen-layers", type=int, default=0)
    option("--loss", choices=("bce", "distribution_balanced"), default="bce")
    option("--pos-weight", choices=("none", "balanced"), default="none")
    option("--ema", type=float, default=0.0)
    option("--precision", choices=FORMATS, default="f32")
    option("--device", default="cpu")
    option("--seed", type=int, default=42)
    return result


def planned(argv):
    """The options of each run, checked before the first begins."""
    args = parser().parse_args(argv)
    if not args.runs:
        return args, [args]
    flags = lambda run: [part for k, v in run.items() for part in (f"--{k.replace('_', '-')}", f"{v}")]
    runs = json.loads(Path(args.runs).read_text())
    return args, [parser().parse_args([*argv, *flags(run)]) for run in runs]


@functools.cache
def corpus(folder):
    return read(folder)


@functools.cache
def token_ids(folder, base):
    """Ids of whole songs by split, and the special tokens before and after a window."""
    tokenizer = Tokenizer.from_file(f"{base}/tokenizer.json")
    # Files of sentence-transformers fix both, at 128 tokens.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    special = tokenizer.encode("").ids
    of = lambda lyrics: [e.ids for e in tokenizer.encode_batch(lyrics, add_special_tokens=False)]
    return {split: of(lyrics) for split, lyrics in corpus(folder).lyrics.items()}, special


@functools.cache
def windowed(folder, base, tokens, window, max_chunks):
    """Windows of each song by split; end to end where a song has several."""
    splits, special = token_ids(folder, base)
    room, most = tokens - len(special), 1 if window == "head" else max_chunks
    cut = lambda ids: [
        special[:1] + ids[start : start + room] + special[1:]
        for start in range(0, max(len(ids), 1), room)[:most]
    ]
    return {split: [cut(ids) for ids in songs] for split, songs in splits.items()}


class Classifier(torch.nn.Module):
    """dense → tanh → projection over the first token or the mean of all; the head is f32."""

    def __init__(self, args):
        super().__init__()
        config = AutoConfig.from_pretrained(args.base)
        bert, width = config.model_type == "bert", config.hidden_size
        # BERT's dense layer is its pretrained pooler.
        pooler = bert and args.pooling == "first"
        self.encoder, info = AutoModel.from_pretrained(
            args.base, dtype=torch.float32, add_pooling_layer=pooler, output_loading_info=True
        )
        missing = [name for name in info["missing_keys"] if "pooler" not in name]
        if missing:
            raise ValueError(f"{args.base} lacks {missing}")
        linear = lambda outputs: torch.nn.Linear(width, outputs)
        self.dense, self.projection = linear(width), linear(len(LABELS))
        for layer in (self.dense, self.projection):
            torch.nn.init.normal_(layer.weight, std=config.initializer_range)
            torch.nn.init.zeros_(layer.bias)
        if pooler:
            self.dense, self.encoder.pooler = self.encoder.pooler.dense, None
        rate = getattr(config, "classifier_dropout", None)
        self.dropout = torch.nn.Dropout(config.hidden_dropout_prob if rate is None else rate)
        self.before = torch.nn.Identity() if bert else self.dropout
        self.pooling, self.dtype = args.pooling, FORMATS[args.precision]

    def forward(self, ids, mask):
        with torch.autocast(ids.device.type, dtype=self.dtype, enabled=self.dtype is not None):
            last = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        if self.pooling == "first":
            read = last[:, 0]
        else:
            real = mask.unsqueeze(2)
            read = (last * real).sum(1) / real.sum(1)
        return self.projection(self.dropout(torch.tanh(self.dense(self.before(read)))))


class Loss:
    """The mean over labels, one value a row."""

    def __init__(self, args, targets):
        songs, counts = len(targets), targets.sum(0)
        weight = ((songs - counts) / counts.clamp(min=1)).clamp(max=POS_WEIGHT_MAX)
        weight[counts == 0] = POS_WEIGHT_MAX
        self.weight = weight if args.pos_weight == "balanced" else torch.ones_like(weight)
        self.balanced = args.loss == "distribution_balanced"
        counts = counts.clamp(1, max(songs, 2) - 1)
        self.rarity, self.shift = 1 / counts, KAPPA * torch.log(max(songs, 2) / counts - 1)

    def __call__(self, logits, y):
        if not self.balanced:
            cost = -self.weight * y * logsigmoid(logits) - (1 - y) * logsigmoid(-logits)
            return cost.mean(1)
        share = self.rarity / (y * self.rarity).sum(1, keepdim=True).clamp(min=1e-20)
        x = logits - self.shift
        cost = -self.weight * y * logsigmoid(x) - (1 - y) / LAMBDA * logsigmoid(-LAMBDA * x)
        return ((ALPHA + torch.sigmoid(BETA * (share - MU))) * cost).mean(1)


class Average:
    """An exponential moving average of the weights, slower to form than to forget at first."""

    def __init__(self, model, decay):
        self.decay, self.parameters = decay, [p for p in model.parameters() if p.requires_grad]
        self.values = [p.detach().clone() for p in self.parameters] if decay else []

    @torch.no_grad()
    def add(self, step):
        if self.decay:
            decay = min(self.decay, (1 + step) / (10 + step))
            torch._foreach_lerp_(self.values, self.parameters, 1 - decay)

    def swap(self):
        """The average becomes the model's weights, or gives them back."""
        for parameter, value in zip(self.parameters, self.values):
            parameter.data, value.data = value.data, parameter.data


def depth(name, layers):
    """How far below the head a parameter lies."""
    if "encoder.layer." in name:
        return layers - int(name.split("encoder.layer.")[1].split(".")[0])
    return layers + 1 if "embeddings" in name or "relative_attention_bias" in name else 0


def optimizer_of(model, args):
    layers, groups = model.encoder.config.num_hidden_layers, {}
    for name, parameter in model.named_parameters():
        below = depth(name, layers)
        if args.frozen_layers and below > layers - args.frozen_layers:
            parameter.requires_grad_(False)
            continue
        plain = name.endswith("bias") or "layernorm" in name.lower()
        key = (args.lr * args.layer_decay**below, 0.0 if plain else args.weight_decay)
        groups.setdefault(key, []).append(parameter)
    groups = [{"params": p, "lr": lr, "weight_decay": decay} for (lr, decay), p in groups.items()]
    return torch.optim.AdamW(groups, fused=torch.device(args.device).type == "cuda")


def batches(songs, args, random):
    """Songs of each step: mega-batches of shuffled songs, sorted, cut, and shuffled again."""
    order, mega = random.permutation(len(songs)), args.mega_batches * args.batch
    length = [sum(map(len, windows)) for windows in songs]
    groups = [sorted(order[i : i + mega], key=lambda i: -length[i]) for i in range(0, len(order), mega)]
    cut = [group[i : i + args.batch] for group in groups for i in range(0, len(group), args.batch)]
    return [cut[i] for i in random.permutation(len(cut))]


def passes(songs, chosen, args, pad):
    """The windows of the `chosen` songs, the longest first, as many as a pass may have tokens: the
    place of each one's song among the chosen, ids and mask."""
    rows = [(place, window) for place, song in enumerate(chosen) for window in songs[song]]
    rows.sort(key=lambda row: -len(row[1]))
    while rows:
        width = -(-len(rows[0][1]) // 8) * 8
        count = max(1, args.pass_tokens // width)
        now, rows = rows[:count], rows[count:]
        ids = np.full((len(now), width), pad)
        for row, (_, window) in zip(ids, now):
            row[: len(window)] = window
        mask = np.arange(width) < np.array([[len(window)] for _, window in now])
        yield [place for place, _ in now], *sent(args, ids, mask.astype(np.int64))


def sent(args, *arrays):
    """Tensors on the device, which is not waited for."""
    tensors = [torch.from_numpy(array) for array in arrays]
    if torch.device(args.device).type == "cuda":
        tensors = [tensor.pin_memory() for tensor in tensors]
    return [tensor.to(args.device, non_blocking=True) for tensor in tensors]


@torch.no_grad()
def scores(model, songs, args):
    """Probabilities [songs, labels], the mean over a song's windows."""
    model.eval()
    sums = np.zeros((len(songs), len(LABELS)))
    for owners, ids, mask in passes(songs, range(len(songs)), args, model.encoder.config.pad_token_id):
        np.add.at(sums, owners, torch.sigmoid(model(ids, mask).double()).cpu().numpy())
    return sums / np.array([[len(windows)] for windows in songs])


def synchronize(args):
    if torch.device(args.device).type == "cuda":
        torch.cuda.synchronize()


class Training:
    def __init__(self, model, songs, targets, args):
        self.model, self.songs, self.args = model, songs, args
        self.targets = targets.astype(np.float32)
        self.loss_of = Loss(args, torch.from_numpy(self.targets).to(args.device))
        self.optimizer = optimizer_of(model, args)
        self.total = args.epochs * -(-len(songs) // args.batch)
        self.schedule = get_linear_schedule_with_warmup(
            self.optimizer, math.ceil(args.warmup * self.total), self.total
        )
        self.scaler = torch.amp.GradScaler(
            torch.device(args.device).type, enabled=args.precision == "f16"
        )
        self.average = Average(model, args.ema)
        self.random = np.random.default_rng(args.seed)
        self.step, self.seconds = 0, 0.0

    def epoch(self):
        self.model.train()
        synchronize(self.args)
        begun, losses = time.time(), []
        for chosen in batches(self.songs, self.args, self.random):
            losses.append(self.gradients(chosen))
            self.advance()
            if self.step % 100 == 0:
                loss, since = torch.stack(losses[-100:]).mean().item(), time.time() - begun
                rate = len(losses) * self.args.batch / since
                print(
                    f"{self.args.name}: step {self.step}/{self.total} loss {loss:.4f} {rate:.1f} songs/s",
                    flush=True,
                )
        synchronize(self.args)
        self.seconds += time.time() - begun

    def gradients(self, chosen):
        """Adds up those of a step; every song counts one, however many windows it has."""
        total, pad = 0.0, self.model.encoder.config.pad_token_id
        shares = [1 / len(self.songs[song]) / len(chosen) for song in chosen]
        shares, targets_of = np.array(shares, dtype=np.float32), self.targets[chosen]
        for owners, ids, mask in passes(self.songs, chosen, self.args, pad):
            weights, targets = sent(self.args, shares[owners], targets_of[owners])
            loss = (weights * self.loss_of(self.model(ids, mask), targets)).sum()
            self.scaler.scale(loss).backward()
            total = total + loss.detach()
        return total

    def advance(self):
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        before = self.scaler.get_scale()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        # A step that overflowed did not happen: the rate stays.
        if self.scaler.get_scale() >= before:
            self.schedule.step()
            self.average.add(self.step)


def one_run(args):
    """What is reported of a run, and the scores of its best epoch."""
    torch.manual_seed(args.seed)
    songs = corpus(args.prepared)
    windows = windowed(args.prepared, args.base, args.tokens, args.window, args.max_chunks)
    model = Classifier(args).to(args.device)
    training = Training(model, windows["train"], songs.targets["train"], args)
    curve, best = [], None
    for _ in range(args.epochs):
        training.epoch()
        training.average.swap()
        found = metrics(songs.targets["validation"], scores(model, windows["validation"], args))
        curve.append(found["macro_roc_auc"])
        print(f"{args.name}: epoch {len(curve)}, validation macro AUC {curve[-1]:.4f}", flush=True)
        if curve[-1] >= max(curve):
            best = {name: value.clone() for name, value in model.state_dict().items()}
        training.average.swap()
    model.load_state_dict(best)
    found = {split: scores(model, windows[split], args) for split in ("validation", "test")}
    cuda = torch.device(args.device).type == "cuda"
    result = {
        **{split: metrics(songs.targets[split], found[split]) for split in found},
        "validation_macro_roc_auc_by_epoch": curve,
        "songs": {split: len(lyrics) for split, lyrics in songs.lyrics.items()},
        "windows_of_a_training_song": float(np.mean([len(song) for song in windows["train"]])),
        "train_seconds": training.seconds,
        "train_songs_per_second": args.epochs * len(windows["train"]) / training.seconds,
        "memory_allocated": torch.cuda.max_memory_allocated() if cuda else None,
        "device": torch.cuda.get_device_name() if cuda else f"cpu, {torch.get_num_threads()} threads",
        "attention": model.encoder.config._attn_implementation,
        "version": torch.__version__,
    }
    return result, found


def save(path, songs, found):
    arrays = dict(found)
    for split, p in found.items():
        arrays[f"{split}_logits"] = np.log(p) - np.log1p(-p)
        arrays[f"{split}_targets"] = songs.targets[split]
        arrays[f"{split}_ids"] = songs.ids[split]
    np.savez_compressed(path, **arrays)


def main():
    begun = time.time()
    args, runs = planned(sys.argv[1:])
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    # Weights that a file lacks are looked for here; those that it has besides are of no interest.
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    out, failed = Path(args.out), 0
    with open(out, "w") as file:
        for run in runs:
            if time.time() - begun > args.seconds:
                print(f"{run.name} and what follows: no time left", flush=True)
                break
            try:
                result, found = one_run(run)
                own = f"-{run.name}" if args.runs else ""
                save(out.with_name(f"{out.stem}{own}.npz"), corpus(run.prepared), found)
            except Exception as error:
                failed += 1
                traceback.print_exc()
                result = {"failed": f"{type(error).__name__}: {error}".split("\n")[0]}
            options = {k: v for k, v in vars(run).items() if k not in ("runs", "seconds", "out")}
            line = json.dumps({"name": run.name, **result, "options": options})
            for stream in (file, sys.stdout):
                print(line, file=stream, flush=True)
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
