#!/usr/bin/env bash
# Ends well if canto answers requests on this port of this machine: healthy.sh [PORT]
#
# Debian always has bash, and bash opens connections by itself, so the image needs no other program.
# The port is open while the model is still read; an answer comes once it is served.
set -euo pipefail
exec 3<>"/dev/tcp/127.0.0.1/${1:-8000}"
printf 'GET /ready HTTP/1.0\r\n\r\n' >&3
read -r -t 3 _ status _ <&3
test "$status" = 200
