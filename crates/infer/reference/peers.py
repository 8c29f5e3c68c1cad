"""Times the engine beside PyTorch and ONNX Runtime: same weights, same ids, same threads.

    python peers.py SPEED FOLDER [--random] [--threads 2] [--rounds 5]
                    [--shapes 1x128,8x512] [--lengths FILE] [--only NAME,NAME] [--formats f32,int8]

SPEED is the built example `speed`; FOLDER holds the model (with `--random`, a roberta-base of
random weights is written there first) and receives the ONNX files.

Contenders take turns within a round, so that other work on the machine hits all alike. Peers that
compute in f32 must give PyTorch's logits to a thousandth before anything is timed. A table follows:
milliseconds, least / median, and how many times canto's time in the same number format, the
median over the rounds and the range. With `--lengths`, a file of token counts, one a line, the
peers get batches of 8 in length order, padded to the longest of each, and the engine the same
windows packed. Needs torch, transformers, onnx, onnxruntime and a C++ compiler for torch.compile;
where older versions of torch are installed, onnxscript too.
"""

import argparse
import os
import pathlib
import platform
import statistics
import subprocess
import time

import numpy
import onnx
import onnxruntime
import torch
import transformers
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer

BATCH = 8

# What peers must agree on before they are timed, and how closely, by the largest logit.
TRIAL = [[90, 128]]
NEAR = 1e-3


def ids_of(length, vocabulary):
    """The ids that the engine's example computes for a window of this length."""
    return [10 + i * 7919 % (vocabulary - 10) for i in range(length)]


def padded(lengths, config):
    width = max(lengths)
    ids = numpy.full((len(lengths), width), config.pad_token_id, dtype=numpy.int64)
    mask = numpy.zeros_like(ids)
    for row, length in enumerate(lengths):
        ids[row, :length] = ids_of(length, config.vocab_size)
        mask[row, :length] = 1
    return ids, mask


def served(command, threads):
    """A program that answers lines, on so many threads."""
    environment = dict(os.environ, RAYON_NUM_THREADS=str(threads))
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, env=environment,
    )


def asked(process, line):
    process.stdin.write(line + "\n")
    process.stdin.flush()
    answer = process.stdout.readline().split()
    if not answer:
        raise SystemExit(f"{process.args[0]} ended with status {process.wait()}")
    return [float(word) for word in answer]


class Ours:
    """Windows packed; its logits are compared by the crate's own tests."""

    def __init__(self, speed, folder, precision, threads):
        self.process = served([speed, folder, precision, "--serve"], threads)

    def run(self, batches):
        lengths = " ".join(str(length) for batch in batches for length in batch)
        return asked(self.process, lengths)[0], None


class Torch:
    def __init__(self, folder, dtype, compiled=False):
        load = transformers.AutoModelForSequenceClassification.from_pretrained
        model = load(folder, attn_implementation="sdpa").to(dtype).eval()
        self.config = model.config
        self.model = torch.compile(model, dynamic=False) if compiled else model

    def run(self, batches):
        inputs = [padded(batch, self.config) for batch in batches]
        inputs = [(torch.from_numpy(ids), torch.from_numpy(mask)) for ids, mask in inputs]
        start = time.perf_counter()
        with torch.no_grad():
            for ids, mask in inputs:
                # Without padding no mask, which lets PyTorch take its fastest attention.
                full = bool(mask.all())
                logits = self.model(input_ids=ids, attention_mask=None if full else mask).logits
        return time.perf_counter() - start, logits.float().numpy().ravel()


class Onnx:
    def __init__(self, path, config, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.config = config
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    def run(self, batches):
        inputs = [padded(batch, self.config) for batch in batches]
        start = time.perf_counter()
        for ids, mask in inputs:
            [logits] = self.session.run(None, {"input_ids": ids, "attention_mask": mask})
        return time.perf_counter() - start, logits.ravel()


class OnnxFiles:
    """The plain export, the same through ONNX Runtime's transformer optimiser, both in int8."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def plain(self):
        path = self.folder / "model.onnx"
        if not path.exists():
            load = transformers.AutoModelForSequenceClassification.from_pretrained
            model = load(self.folder, attn_implementation="eager").eval()
            ids = torch.full((2, 16), 20)
            torch.onnx.export(
                model, (ids, torch.ones_like(ids)), str(path), opset_version=17, dynamo=False,
                input_names=["input_ids", "attention_mask"], output_names=["logits"],
                dynamic_axes={"input_ids": {0: "b", 1: "t"}, "attention_mask": {0: "b", 1: "t"}},
            )
        return path

    def optimised(self):
        path = self.folder / "model-optimised.onnx"
        if not path.exists():
            config = transformers.AutoConfig.from_pretrained(self.folder)
            model = optimizer.optimize_model(
                str(self.plain()), model_type="bert", num_heads=config.num_attention_heads,
                hidden_size=config.hidden_size,
            )
            fused = {name: count for name, count in model.get_fused_operator_statistics().items() if count}
            print(f"fused by the optimiser: {fused}")
            model.save_model_to_file(str(path))
        return path

    def int8(self, source):
        path = source.with_stem(source.stem + "-int8")
        if not path.exists():
            # Types cannot be inferred past the optimiser's own operators; all of them give floats.
            floats = {"DefaultTensorType": onnx.TensorProto.FLOAT}
            quantize_dynamic(
                source, path, weight_type=QuantType.QInt8, per_channel=True, extra_options=floats
            )
        return path


def contenders(arguments):
    """Names and what makes each; the last word is the number format."""
    folder, threads = arguments.folder, arguments.threads
    files = OnnxFiles(folder)
    config = transformers.AutoConfig.from_pretrained(folder)
    session = lambda path: Onnx(path, config, threads)
    field = {
        f"canto {precision}": lambda precision=precision: Ours(arguments.speed, folder, precision, threads)
        for precision in arguments.formats.split(",")
    }
    field |= {
        "PyTorch f32": lambda: Torch(folder, torch.float32),
        "torch.compile f32": lambda: Torch(folder, torch.float32, compiled=True),
        "PyTorch bf16": lambda: Torch(folder, torch.bfloat16),
        "ONNX Runtime f32": lambda: session(files.plain()),
        "ONNX Runtime optimised f32": lambda: session(files.optimised()),
        "ONNX Runtime int8": lambda: session(files.int8(files.plain())),
        "ONNX Runtime optimised int8": lambda: session(files.int8(files.optimised())),
    }
    if arguments.only:
        field = {name: field[name] for name in arguments.only.split(",")}
    return {name: make() for name, make in field.items()}


def check(field, folder):
    """Refuses peers that compute something else."""
    _, expected = Torch(folder, torch.float32).run(TRIAL)
    largest = numpy.abs(expected).max()
    for name, engine in field.items():
        _, logits = engine.run(TRIAL)
        if logits is None:
            continue
        off = numpy.abs(logits - expected).max() / largest
        print(f"{name}: logits within {off:.1e} of the largest")
        if name.endswith(" f32") and off > NEAR:
            raise SystemExit(f"{name} computes something else, allowed {NEAR:.0e}")


def shapes(arguments):
    found = {}
    for name in filter(None, arguments.shapes.split(",")):
        rows, length = map(int, name.split("x"))
        found[f"{rows}×{length}"] = [[length] * rows]
    if arguments.lengths:
        lengths = [int(line) for line in pathlib.Path(arguments.lengths).read_text().split()]
        lengths.sort()
        found["real lengths"] = [lengths[i:i + BATCH] for i in range(0, len(lengths), BATCH)]
    return found


def timed(field, batches, rounds):
    """Milliseconds of each contender by round, after a round that does not count."""
    times = {name: [] for name in field}
    for _ in range(rounds + 1):
        for name, engine in field.items():
            times[name].append(engine.run(batches)[0] * 1e3)
            # Threads that still spin for more work must not hold up the next.
            time.sleep(0.05)
    return {name: found[1:] for name, found in times.items()}


def cell(times, name):
    found = times[name]
    text = f"{min(found):.0f} / {statistics.median(found):.0f}"
    ours = "canto " + name.split()[-1]
    if name == ours or ours not in times:
        return text
    # A round's two times see the same machine.
    ratios = sorted(peer / canto for peer, canto in zip(found, times[ours]))
    return f"{text} · {statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"


def machine():
    names = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return f"{names[0] if names else platform.processor()}, {len(names)} CPUs, load {load}"


def write_random(folder):
    torch.manual_seed(1)
    config = transformers.RobertaConfig(
        vocab_size=50265, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5,
        pad_token_id=1, num_labels=20,
    )
    transformers.RobertaForSequenceClassification(config).save_pretrained(folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("speed")
    parser.add_argument("folder")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lengths")
    parser.add_argument("--shapes", default="1x128,1x512,8x128,8x512")
    parser.add_argument("--formats", default="f32,int8", help="number formats of canto")
    parser.add_argument("--only", default="", help="names of the table's first column")
    parser.add_argument("--random", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    transformers.utils.logging.disable_progress_bar()
    # One compilation a shape, and none given up.
    torch._dynamo.config.recompile_limit = 64
    if arguments.random:
        write_random(arguments.folder)
    print(f"{machine()}; {arguments.threads} threads")
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, onnxruntime {onnxruntime.__version__}")
    field = contenders(arguments)
    check(field, arguments.folder)
    cases = shapes(arguments)
    columns = []
    for name, batches in cases.items():
        columns.append(timed(field, batches, arguments.rounds))
        print(f"{name} timed", flush=True)
    print("\n| milliseconds | " + " | ".join(cases) + " |")
    print("|---" * (len(cases) + 1) + "|")
    for name in field:
        print(f"| {name} | " + " | ".join(cell(times, name) for times in columns) + " |")


if __name__ == "__main__":
    main()
