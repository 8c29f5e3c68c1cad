#!/usr/bin/env bash
# Packs what run.sh needs on a machine without Rust and without a network:
#
#   pack.sh TARGET_DIR OUT.tar.xz
#
# TARGET_DIR/release holds canto, and examples/step, songs and, where Burn's fusion is to be tried
# too, step-fused. The songs are invented here; only their token ids travel. Fails where the archive
# is larger than 60 MB.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
release=$1/release out=$2 most=60000000
aside=$(mktemp -d)
trap 'rm -rf "$aside"' EXIT

"$release/canto" --quiet sample --songs 2400 --out "$aside/songs.csv"
"$release/canto" --quiet prepare "$aside/songs.csv" --out "$aside/prepared" --config "$root/configs/quickstart.toml" >/dev/null
mkdir -p "$aside/gpu-check/configs" "$(dirname "$out")"
"$release/examples/songs" --prepared "$aside/prepared" --songs 1024 --out "$aside/gpu-check/songs.json"
programs=(canto examples/step)
[ ! -e "$release/examples/step-fused" ] || programs+=(examples/step-fused)
for program in "${programs[@]}"; do
    strip -o "$aside/gpu-check/$(basename "$program")" "$release/$program"
done
cp "$here/run.sh" "$here/jobs.sh" "$here/peer.py" "$aside/gpu-check/"
cp "$root/configs/quickstart.toml" "$root/configs/taxonomy.toml" "$aside/gpu-check/configs/"

tar -C "$aside" -c gpu-check | xz -9 -T0 >"$aside/packed"
size=$(stat -c %s "$aside/packed")
ls -l "$aside/gpu-check"
echo "packed $size bytes"
if [ "$size" -gt $most ]; then
    echo "error: the archive has $size bytes, at most $most may travel" >&2
    exit 1
fi
mv "$aside/packed" "$out"
echo "wrote $out; there: tar -xJf $(basename "$out") && gpu-check/run.sh"
