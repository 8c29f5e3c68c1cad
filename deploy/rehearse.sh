#!/usr/bin/env bash
# Tries the CPU image's steps without Docker: a minimal Debian of its release in a folder, the steps
# of the Dockerfile in it, and then canto as it runs in the container: another user without rights,
# no new ones to be had, a root file system that is read-only.
#
#   sudo deploy/rehearse.sh FOLDER target/release/canto artifacts/quickstart
#
# Needs root, debootstrap and a Debian mirror. FOLDER is made, and kept for another try. The binary
# is given, since compiling it would take as long as the image does; the stage `build-cpu` is not
# tried. PORT=… where 8000 is taken.
set -euo pipefail
folder=$1 binary=$2 model=$3 port=${PORT:-8000}
here=$(cd "$(dirname "$0")" && pwd)
release=$(sed -n 's/^ARG DEBIAN=//p' "$here/Dockerfile")

say() { printf '== %s\n' "$*" >&2; }

if [ ! -e "$folder/etc/debian_version" ]; then
    say "debian:$release-slim, about: debootstrap --variant=minbase"
    debootstrap --variant=minbase "$release" "$folder"
fi

stage() { sed -n '/^FROM .* AS cpu$/,$p' "$here/Dockerfile"; }
if [ ! -e "$folder/srv/canto" ]; then
    say "the stage's RUN"
    # From RUN to the first line that does not go on.
    stage | sed -n '/^RUN /,/[^\\]$/p' | sed 's/^RUN //' > "$folder/tmp/run.sh"
    chroot "$folder" sh -eu /tmp/run.sh
    rm "$folder/tmp/run.sh"
fi
install -m 755 "$binary" "$folder/usr/local/bin/canto"
install -m 755 "$here/healthy.sh" "$folder/usr/local/bin/healthy"
rm -rf "$folder/srv/canto/model"
mkdir "$folder/srv/canto/model"
cp -r "$model"/. "$folder/srv/canto/model/"

say "size: $(du -sh --exclude="$folder/srv" --exclude="$folder/var/cache/apt" "$folder" | cut -f1), canto $(du -h "$binary" | cut -f1)"

# What the container's namespaces do: mounts of its own, and no process but its own.
export folder port
exec unshare --mount --pid --fork --kill-child bash -euo pipefail <<'INSIDE'
mount --bind "$folder" "$folder"
mount -t proc proc "$folder/proc"
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$folder/tmp"
mount -t tmpfs -o size=512m,uid=10001,gid=10001 tmpfs "$folder/var/cache/canto"
mount -t tmpfs -o mode=755 tmpfs "$folder/dev"
for name in null zero random urandom; do
    : > "$folder/dev/$name"
    mount --bind "/dev/$name" "$folder/dev/$name"
done
mount -o remount,bind,ro "$folder"

# As USER, ENV and the Compose file have it. An array and no function: each of these becomes the next,
# so that signals reach canto.
inside=(
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    HF_HOME=/var/cache/canto/huggingface
    XDG_CACHE_HOME=/var/cache/canto HF_HUB_OFFLINE=1
    chroot "$folder" setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs
    --bounding-set=-all --inh-caps=-all env --chdir=/srv/canto
)
say() { printf '== %s\n' "$*" >&2; }

say "who: $("${inside[@]}" id), writes to the root: $("${inside[@]}" sh -c 'touch /srv/canto/x 2>&1' || true)"
say "libraries: $("${inside[@]}" sh -c 'ldd /usr/local/bin/canto | grep -c "=>"'), missing: $("${inside[@]}" sh -c 'ldd /usr/local/bin/canto | grep -c "not found"' || true)"
say "canto --version"
"${inside[@]}" canto --version
say "canto doctor"
"${inside[@]}" canto doctor
say "canto serve, healthy, predict, stop"
"${inside[@]}" healthy "$port" 2>/dev/null && { echo "something else listens on $port" >&2; exit 1; }
"${inside[@]}" canto serve model --host 0.0.0.0 --port "$port" --log-format json &
server=$!
for try in $(seq 100); do
    "${inside[@]}" healthy "$port" 2>/dev/null && break
    [ "$try" -lt 100 ] || { echo "never healthy" >&2; exit 1; }
    sleep 0.1
done
say "healthy"
body='{"lyrics": "Burn the throne, curse the crown, let the ravens feed"}'
"${inside[@]}" bash -euc "exec 3<>/dev/tcp/127.0.0.1/$port; printf 'POST /predict HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: ${#body}\r\n\r\n%s' '$body' >&3; cat <&3; echo"
kill -TERM "$server"
wait "$server"
"${inside[@]}" healthy "$port" 2>/dev/null && { echo "healthy after its end" >&2; exit 1; }
say "stopped with status 0, and no longer healthy"
INSIDE
