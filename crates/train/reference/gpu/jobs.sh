#!/usr/bin/env bash
# What run.sh has done, one job a call: jobs.sh NAME […], with run.sh's settings in the environment.
# The last line of a job's output that is JSON is its result.
set -euo pipefail

# Where the toolkit was found, for canto alone: PyTorch brings libraries of its own.
canto=(env CUDA_PATH="$TOOLKIT" LD_LIBRARY_PATH="$LIBRARIES" "$HERE/canto")
step=(env CUDA_PATH="$TOOLKIT" LD_LIBRARY_PATH="$LIBRARIES" "$HERE/step")
[ "$DEVICE" != cpu ] || { canto=("$HERE/canto") && step=("$HERE/step"); }
size=(--songs "$HERE/songs.json" --device "$DEVICE" --layers "$LAYERS")
span=(--batches "$BATCHES" --steps "$STEPS" --seconds "$LEAST")

doctor() {
    "${canto[@]}" doctor | tee "$WORK/doctor"
    # Where a device cannot be used its line says that it is not there, and why.
    grep "^  $DEVICE" "$WORK/doctor" | grep -vq 'not there'
}

# parity FORMAT
parity() {
    cd "$WORK/fresh"
    "${step[@]}" parity "${size[@]}" --precision "$1"
}

# steps BUILD FORMAT TOKENS MICRO EFFECTIVE […]
steps() {
    cd "$WORK/kept"
    [ "$1" = plain ] || step[-1]=$HERE/step-fused
    "${step[@]}" "${size[@]}" "${span[@]}" --build "$1" --precision "$2" --length "$3" --micro "$4" \
        --effective "$5" "${@:6}"
}

# peer RUN…
peer() {
    python3 "$HERE/peer.py" "${size[@]}" "${span[@]}" "$@"
}

# A run that is killed within an epoch and resumed, beside one that is not. A GPU does not give the
# same bits twice, so there a second whole run tells how far two of them are apart.
resume() {
    local train run=artifacts/killed pid steps again=()
    cd "$WORK/fresh"
    "${canto[@]}" sample --songs "$SONGS" --out songs.csv
    "${canto[@]}" prepare songs.csv --out prepared --config "$HERE/configs/quickstart.toml"
    train=("${canto[@]}" train --config "$HERE/configs/quickstart.toml" --data prepared --device "$DEVICE"
        --set words.enabled=false --set train.epochs=2 --set train.checkpoint_every=5 --set train.log_every=1)
    if [ "$LAYERS" -gt 1 ]; then
        # Layers of roberta-base's width, for which kernels have been tuned by then.
        train+=(--set model.scratch.hidden_size=768 --set model.scratch.heads=12
            --set model.scratch.intermediate_size=3072 --set model.scratch.initializer_range=0.02
            --set train.precision=bf16 --set train.learning_rate=1e-4)
    fi
    "${train[@]}" --run whole
    if [ "$DEVICE" != cpu ]; then
        "${train[@]}" --run again
        again=(artifacts/again)
    fi
    "${train[@]}" --run killed &
    pid=$!
    told() { grep -c '"event":"step"' $run/train.jsonl 2>/dev/null || true; }
    until [ -f $run/checkpoints/last/state.json ] && [ "$(told)" -ge 12 ]; do
        kill -0 $pid 2>/dev/null || { echo "it ended before it could be killed" >&2 && return 1; }
        sleep 0.02
    done
    kill -KILL $pid
    wait $pid 2>/dev/null || true
    [ ! -e $run/model ] || { echo "it ended before it was killed" >&2 && return 1; }
    echo "killed after $(told) steps" >&2
    "${train[@]}" --run killed --resume
    "${step[@]}" resumed artifacts/whole artifacts/killed "${again[@]}"
}

"$@"
