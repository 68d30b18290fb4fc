#!/usr/bin/env bash
# A compiler that lets libFuzzer see which ways are taken through the code that is fuzzed. The flags
# are those of cargo-fuzz, without the sanitizer of addresses, which only a nightly compiler has and
# which safe code can do without.
set -euo pipefail

coverage=()
case " $* " in
*" --crate-name build_script_build "*) ;;
*" --crate-name crosstalk "* | *" --crate-name crosstalk_protocol "* | *" --crate-name serde_json "* | \
    *" --crate-name toml "*)
    coverage=(
        -Cpasses=sancov-module
        -Cllvm-args=-sanitizer-coverage-level=4
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
        -Cllvm-args=-sanitizer-coverage-pc-table
        -Cllvm-args=-sanitizer-coverage-trace-compares
    )
    ;;
esac
exec "$@" "${coverage[@]}"
