#!/usr/bin/env bash
# Tries canto on the GPU of this machine, beside PyTorch where that is installed. Needs a driver and
# the CUDA toolkit's headers and NVRTC; no network, no Rust.
#
#   run.sh [--device cuda] [--seconds 570] [--quick]
#
# The most important comes first; each job has its own time limit, and one that fails stops no
# other. Into $OUT (out/ beside this script) go results.json, table.txt and log.txt. The table is
# printed last. Ends with 0 where all went well, 1 where a check failed, 2 where only a timing did.
# --quick takes one layer and few songs, and so tries the script itself, on a CPU too; its figures
# mean nothing.
set -uo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
DEVICE=cuda budget=570 quick=
while [ $# -gt 0 ]; do
    case $1 in
        --device) DEVICE=$2 && shift 2 ;;
        --seconds) budget=$2 && shift 2 ;;
        --quick) quick=1 && shift ;;
        *) echo "unknown word: $1" >&2 && exit 64 ;;
    esac
done
OUT=${OUT:-$HERE/out}
mkdir -p "$OUT" && OUT=$(cd "$OUT" && pwd) || exit 73
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
results=$WORK/results.jsonl log=$OUT/log.txt
: >"$results" && : >"$log" || exit 73
checks_failed=0 timings_failed=0

if [ -n "$quick" ]; then
    LAYERS=1 BATCHES=2 STEPS=1 LEAST=0 SONGS=300
    long=64 short=32 micros="4 8" main=8 recipe=4 effective=8
else
    LAYERS=12 BATCHES=8 STEPS=2 LEAST=3 SONGS=700
    long=512 short=128 micros="8 16 32 64" main=16 recipe=8 effective=64
fi
# Half precision takes PyTorch minutes on a CPU.
half=f16 && [ "$DEVICE" != cpu ] || half=f32

# The toolkit's folder, the one above include/: named, usual, nvcc's, or one that pip installed.
toolkit() {
    local folder nvcc
    nvcc=$(command -v nvcc) && nvcc=$(dirname "$(dirname "$(readlink -f "$nvcc")")")
    for folder in "${CUDA_PATH:-}" "${CUDA_HOME:-}" /usr/local/cuda /opt/cuda "$nvcc" /usr \
        $(python3 -c 'import glob, nvidia; print(*(f for p in nvidia.__path__ for f in glob.glob(p + "/cu*")))' 2>/dev/null); do
        if [ -n "$folder" ] && [ -f "$folder/include/cuda_runtime.h" ]; then
            echo "$folder" && return
        fi
    done
}
TOOLKIT=$(toolkit)
LIBRARIES=${LD_LIBRARY_PATH:-}
for folder in lib64 lib targets/x86_64-linux/lib; do
    [ -z "$TOOLKIT" ] || [ ! -d "$TOOLKIT/$folder" ] || LIBRARIES=${LIBRARIES:+$LIBRARIES:}$TOOLKIT/$folder
done
[ ! -d /usr/local/nvidia/lib64 ] || LIBRARIES=${LIBRARIES:+$LIBRARIES:}/usr/local/nvidia/lib64

# Timings keep compiled kernels for one another, and with Burn's autotune which are the fastest. Checks
# compile their own, so that no kernel that was kept can hide a wrong one.
mkdir "$WORK/kept" "$WORK/fresh"
printf '[compilation]\ncache = "local"\n\n[autotune]\ncache = "local"\n' >"$WORK/kept/cubecl.toml"
printf '[autotune]\ncache = { file = "%s" }\n' "$WORK/kept" >"$WORK/fresh/cubecl.toml"
export HERE WORK DEVICE LAYERS BATCHES STEPS LEAST SONGS TOOLKIT LIBRARIES

say() { printf '%s\n' "$*" | tee -a "$log"; }

# record NAME STATUS SECONDS RESULT
record() {
    printf '{"job":"%s","status":"%s","seconds":%s,"result":%s}\n' "$1" "$2" "$3" "$4" >>"$results"
    say "$(printf '%4d s  %-34s %-9s %s' "$SECONDS" "$1" "$2" "${4:0:150}")"
}

# job KIND NAME LIMIT JOB […]: a line of the results for each line of JSON that the job prints. KIND
# is check or timing, by which a failure counts.
job() {
    local kind=$1 name=$2 limit=$3 status=ok begun=$SECONDS left=$((budget - SECONDS)) rc line
    shift 3
    if [ $left -lt 15 ]; then
        record "$name" "not run" 0 '{"reason":"out of time"}'
        return
    fi
    timeout -k 5 $((limit < left ? limit : left)) bash "$HERE/jobs.sh" "$@" >"$WORK/out" 2>"$WORK/err" </dev/null
    rc=$?
    { echo "== $name" && cat "$WORK/out" "$WORK/err"; } >>"$log"
    while read -r line; do
        record "$name" "$([ "${line#*\"failed\":}" = "$line" ] && echo ok || echo failed)" $((SECONDS - begun)) "$line"
    done < <(grep '^{' "$WORK/out")
    [ $rc -ne 0 ] || grep -q '^{' "$WORK/out" || record "$name" ok $((SECONDS - begun)) null
    [ $rc -eq 0 ] && return
    status=failed
    if [ $rc -eq 124 ] || [ $rc -eq 137 ]; then status="timed out"; fi
    tail -n 3 "$WORK/err"
    record "$name" "$status" $((SECONDS - begun)) '{"reason":"see log.txt"}'
    if [ "$kind" = check ]; then checks_failed=$((checks_failed + 1)); else timings_failed=$((timings_failed + 1)); fi
}

# ours LIMIT BUILD FORMAT TOKENS MICRO EFFECTIVE […]; nothing for a build that is not here
ours() { [ "$2" = plain ] || [ -x "$HERE/step-fused" ] || return 0; job timing "canto $2, $3, $4 tokens, $5 songs ${7:-}" "$1" steps "${@:2}"; }

peer=
# Looked for, not imported, which takes long.
if python3 -c 'from importlib.util import find_spec as f; exit(not (f("torch") and f("transformers")))' 2>/dev/null; then peer=1; fi
# theirs NAME LIMIT RUN…
theirs() {
    if [ -n "$peer" ]; then
        job timing "PyTorch, $1" "$2" peer "${@:3}"
    else
        record "PyTorch, $1" "not run" 0 '{"reason":"python3 has no torch and transformers here"}'
    fi
}

say "$(date -u +%FT%TZ) device $DEVICE, CUDA toolkit ${TOOLKIT:-not found}, at most $budget s${quick:+, quick: figures mean nothing}"
if command -v nvidia-smi >/dev/null; then
    nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | tee -a "$log"
fi

# What it is about first: does it compute rightly, and how fast is it beside PyTorch; the recipe of
# the pipeline that canto is measured against is 8 songs a pass, 16 a step, f16, padded.
job check doctor 60 doctor
job check "parity bf16" 150 parity bf16
ours 150 plain bf16 $long $main $effective
theirs "first" 150 bf16:$long:$main:$effective $half:$long:$recipe:$((2 * recipe)) $half:$long:$recipe:$((2 * recipe)):padded bf16:$short:$main:$effective
ours 90 plain $half $long $recipe $((2 * recipe))
ours 90 plain bf16 $short $main $effective
ours 120 fused bf16 $long $main $effective
job check "parity f16" 90 parity f16
job check "parity f32" 90 parity f32
job check "kill and resume" 150 resume

# Then all the rest, as far as time goes.
rest=()
for length in $long $short; do
    for micro in $micros; do
        for format in bf16 $half; do
            [ "$format $micro" = "bf16 $main" ] || rest+=("$format:$length:$micro:$effective")
        done
    done
done
rest+=("f32:$long:$main:$effective")
# PyTorch takes most of it, so it comes after.
every() {
    for run in "${rest[@]}"; do
        IFS=: read -r format length micro _ <<<"$run"
        ours 60 "$1" "$format" "$length" "$micro" $effective
    done
}
every plain
ours 60 plain bf16 $long $main $effective --checkpointing
theirs "the rest" 150 "${rest[@]}"
every fused

{ echo '[' && paste -sd, "$results" && echo ']'; } >"$OUT/results.json"
"$HERE/step" table "$results" >"$OUT/table.txt" || checks_failed=$((checks_failed + 1))
echo
cat "$OUT/table.txt"
echo "share of peak: the model's operations, padding not counted, by the largest product that either side reached in"
echo "the format; memory: of the whole device. $SECONDS s; $checks_failed checks and $timings_failed timings failed; see $OUT"
if [ $checks_failed -gt 0 ]; then exit 1; fi
if [ $timings_failed -gt 0 ]; then exit 2; fi
