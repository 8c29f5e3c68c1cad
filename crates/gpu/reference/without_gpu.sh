#!/usr/bin/env bash
# Compiles every kernel of a training step for an H100 on a machine without a GPU: NVRTC is NVIDIA's, the
# driver a stand-in that does nothing.
#
#   without_gpu.sh TARGET_DIR [PYTHON]
#
# TARGET_DIR/release holds canto and the examples step and songs, built with the cuda feature. Fetches
# NVRTC and the toolkit's headers (60 MB) with pip.
# Fails where a kernel does not compile, or a launch or a tensor map is beyond what the driver takes.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
usage="usage: without_gpu.sh TARGET_DIR [PYTHON]"
release=$(cd "${1:?$usage}/release" && pwd) python=${2:-python3}
aside=$(mktemp -d)
trap 'rm -rf "$aside"' EXIT

wheels=(nvidia-cuda-nvrtc==13.0.88 nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85 nvidia-cuda-crt==13.0.88)
"$python" -m venv "$aside/venv"
"$aside/venv/bin/pip" install --quiet --no-deps --target "$aside/toolkit" "${wheels[@]}"
"${CC:-cc}" -O1 -shared -fPIC -Wl,-soname,libcuda.so.1 -o "$aside/libcuda.so.1" "$here/cuda.c"
ln -s libcuda.so.1 "$aside/libcuda.so"

"$release/canto" --quiet sample --songs 600 --out "$aside/songs.csv"
"$release/canto" --quiet prepare "$aside/songs.csv" --out "$aside/prepared" --config "$root/configs/quickstart.toml" >/dev/null
"$release/examples/songs" --prepared "$aside/prepared" --songs 256 --out "$aside/songs.json"

export CUDA_PATH=$aside/toolkit/nvidia/cu13
export LD_LIBRARY_PATH=$aside:$CUDA_PATH/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
cd "$aside"
printf '[compilation]\ncache = "local"\n' >cubecl.toml
for precision in bf16 f16 f32; do
    for way in "" --checkpointing; do
        echo "$precision $way"
        "$release/examples/step" --songs songs.json --device cuda --layers 2 --batches 4 --steps 1 --seconds 0 \
            --precision "$precision" --length 512 --micro 16 --effective 64 $way >out || { cat out && exit 1; }
    done
done
