"""Times the engine beside PyTorch and ONNX Runtime: same weights, same ids, same threads.

    python peers.py SPEED FOLDER [--threads 2] [--rounds 5] [--lengths FILE] [--shapes 1x128,8x512]

SPEED is the built example `speed`; FOLDER holds the model (with `--random`, a roberta-base of
random weights is written there first) and receives `int8/` and the ONNX files. Contenders take
turns within a round, so that other work on the machine hits all alike; a table of milliseconds
(least and median) and ratios follows. With `--lengths`, a file of token counts, one a line, the
peers get batches of 8 in length order, padded to the longest of each, and the engine the same
windows packed. Needs torch, transformers, onnx, onnxruntime and onnxscript.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import time

import numpy
import onnxruntime
import torch
import transformers
from onnxruntime.quantization import QuantType, quantize_dynamic

BATCH = 8


def ids_of(length, vocabulary):
    """The ids that the engine's example computes for a window of this length."""
    return [10 + i * 7919 % (vocabulary - 10) for i in range(length)]


def padded(lengths, vocabulary, pad):
    width = max(lengths)
    ids = numpy.full((len(lengths), width), pad, dtype=numpy.int64)
    mask = numpy.zeros_like(ids)
    for row, length in enumerate(lengths):
        ids[row, :length] = ids_of(length, vocabulary)
        mask[row, :length] = 1
    return ids, mask


class Ours:
    def __init__(self, speed, folder, precision, threads):
        environment = dict(os.environ, RAYON_NUM_THREADS=str(threads))
        self.process = subprocess.Popen(
            [speed, folder, precision, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, env=environment,
        )

    def seconds(self, batches):
        lengths = " ".join(str(length) for batch in batches for length in batch)
        self.process.stdin.write(lengths + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


class Torch:
    def __init__(self, model, config, dtype):
        self.model, self.config = model.to(dtype).eval(), config

    def seconds(self, batches):
        inputs = [padded(b, self.config.vocab_size, self.config.pad_token_id) for b in batches]
        inputs = [(torch.from_numpy(ids), torch.from_numpy(mask)) for ids, mask in inputs]
        start = time.perf_counter()
        with torch.inference_mode():
            for ids, mask in inputs:
                # Without padding no mask, which lets PyTorch take its fastest attention.
                full = bool(mask.all())
                self.model(input_ids=ids, attention_mask=None if full else mask)
        return time.perf_counter() - start


class Onnx:
    def __init__(self, path, config, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.config = config
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    def seconds(self, batches):
        inputs = [padded(b, self.config.vocab_size, self.config.pad_token_id) for b in batches]
        start = time.perf_counter()
        for ids, mask in inputs:
            self.session.run(None, {"input_ids": ids, "attention_mask": mask})
        return time.perf_counter() - start


def export(model, folder):
    plain, int8 = folder / "model.onnx", folder / "model-int8.onnx"
    if not plain.exists():
        model.config._attn_implementation = "eager"
        ids = torch.full((2, 16), 20)
        torch.onnx.export(
            model, (ids, torch.ones_like(ids)), str(plain), opset_version=17, dynamo=False,
            input_names=["input_ids", "attention_mask"], output_names=["logits"],
            dynamic_axes={"input_ids": {0: "b", 1: "t"}, "attention_mask": {0: "b", 1: "t"}},
        )
    if not int8.exists():
        quantize_dynamic(plain, int8, weight_type=QuantType.QInt8, per_channel=True)
    return plain, int8


def shapes(arguments):
    found = {}
    for name in filter(None, arguments.shapes.split(",")):
        rows, length = map(int, name.split("x"))
        found[name] = [[length] * rows]
    if arguments.lengths:
        lengths = [int(line) for line in pathlib.Path(arguments.lengths).read_text().split()]
        lengths.sort()
        found["real lengths"] = [lengths[i:i + BATCH] for i in range(0, len(lengths), BATCH)]
    return found


def contenders(arguments):
    folder = pathlib.Path(arguments.folder)
    if arguments.random:
        torch.manual_seed(1)
        config = transformers.RobertaConfig(
            vocab_size=50265, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5,
            pad_token_id=1, num_labels=20,
        )
        transformers.RobertaForSequenceClassification(config).save_pretrained(folder)
    load = transformers.AutoModelForSequenceClassification.from_pretrained
    model = load(folder).eval()
    plain, int8 = export(model, folder)
    config, threads = model.config, arguments.threads
    sdpa = lambda: load(folder, attn_implementation="sdpa")
    return {
        "canto f32": Ours(arguments.speed, str(folder), "f32", threads),
        "PyTorch f32": Torch(sdpa(), config, torch.float32),
        "canto int8": Ours(arguments.speed, str(folder), "int8", threads),
        "ONNX Runtime int8": Onnx(int8, config, threads),
        "PyTorch bf16": Torch(sdpa(), config, torch.bfloat16),
        "ONNX Runtime f32": Onnx(plain, config, threads),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("speed")
    parser.add_argument("folder")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lengths")
    parser.add_argument("--shapes", default="1x128,1x512,8x128,8x512")
    parser.add_argument("--only", default="")
    parser.add_argument("--random", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    field = contenders(arguments)
    if arguments.only:
        field = {name: field[name] for name in arguments.only.split(",")}
    print("| shape | " + " | ".join(field) + " | f32 ratio | int8 ratio |")
    print("|---" * (len(field) + 3) + "|")
    for name, batches in shapes(arguments).items():
        times = {contender: [] for contender in field}
        for _ in range(arguments.rounds + 1):
            for contender, engine in field.items():
                times[contender].append(engine.seconds(batches) * 1e3)
                # Threads that still spin for more work must not hold up the next.
                time.sleep(0.05)
        times = {contender: found[1:] for contender, found in times.items()}
        cells = [f"{min(found):.0f} / {statistics.median(found):.0f}" for found in times.values()]
        cells += [ratio(times, "PyTorch f32", "canto f32"), ratio(times, "ONNX Runtime int8", "canto int8")]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def ratio(times, peer, ours):
    """The median over rounds, and the range: a round's two times see the same machine."""
    if peer not in times or ours not in times:
        return ""
    ratios = sorted(a / b for a, b in zip(times[peer], times[ours]))
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"


if __name__ == "__main__":
    main()
