#!/usr/bin/env bash
# Lets the Python client play a day against a demonstration of its own, and checks every frame against
# the JSON Schemas: what stands in docs/ and protocol/ is enough to write a client.
set -euo pipefail
cd "$(dirname "$0")/../.."

target="${CARGO_TARGET_DIR:-target}"
work="$target/python"
# One that was made elsewhere does not run: its programs name the directory.
"$work/venv/bin/pip" --version >/dev/null 2>&1 || python3 -m venv --clear "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r clients/python/requirements.txt

cargo build --quiet --locked
home=$(mktemp -d)
"$target/debug/crosstalk" demo --data "$home/demo" --listen 127.0.0.1:0 >"$home/said" &
demo=$!
trap 'kill "$demo" 2>/dev/null || true; wait "$demo" || true; rm -rf "$home"' EXIT
for _ in $(seq 600); do
    grep -q 'is ready' "$home/said" && break
    kill -0 "$demo"
    sleep 0.1
done
url=$(grep -o -m 1 'ws://[0-9.:]*' "$home/said")
"$work/venv/bin/python" clients/python/check.py "$url" "$home/demo/tokens" protocol/schema
