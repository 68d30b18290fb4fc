#!/usr/bin/env bash
# Runs every fuzz target, or those named, for FUZZ_SECONDS each (60). It needs the toolchain of the
# repository and a C++ compiler, for libFuzzer.
#
# What a target finds is left in fuzz/artifacts: keep it as a test beside the code that it broke.
set -euo pipefail
cd "$(dirname "$0")"

seconds=${FUZZ_SECONDS:-60}
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || targets=(frames cursors tokens settings)

export RUSTC_WRAPPER=$PWD/instrument.sh
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/../target}
cargo build --locked

seed() { # the files that a target begins with
    case $1 in
    frames)
        for file in ../protocol/fixtures/*/*.json; do
            cp "$file" "$2/$(basename "$(dirname "$file")").$(basename "$file")"
        done
        ;;
    cursors) printf 'jzph0guXxOUAAAAAAAAAFGIhAPtbi_UN' >"$2/cursor" ;;
    tokens)
        printf '\003{"iss":"https://id.example","sub":"a","iat":1799999990,"exp":1800003600,"aud":["b"],"nbf":1,"jti":"c","name":"d","email":"e","email_verified":true}' >"$2/claims"
        printf '\000eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUifQ.' >"$2/unsigned"
        printf '\001\000\003A' >"$2/changed"
        ;;
    settings)
        cp ../crosstalk.example.toml "$2"
        printf '[log]\n\0CROSSTALK_LIMITS_PONG_SECONDS\0007\0limits.pong_seconds\0007' >"$2/layers"
        ;;
    esac
}

for target in "${targets[@]}"; do
    seeds=$(mktemp -d)
    trap 'rm -rf "$seeds"' EXIT
    seed "$target" "$seeds"
    mkdir -p "corpus/$target" "artifacts/$target"
    echo "== $target, $seconds s"
    "$CARGO_TARGET_DIR/debug/$target" "corpus/$target" "$seeds" -artifact_prefix="artifacts/$target/" \
        -max_total_time="$seconds" -timeout=10 -max_len=65536 -verbosity=0 -print_final_stats=1
    rm -rf "$seeds"
done
