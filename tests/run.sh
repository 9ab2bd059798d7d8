#!/usr/bin/env bash
# Passes every test against a real engine: installs what is missing, starts the engine if none answers, builds the test
# images. Further arguments go to `cargo nextest run`, such as a part of a test's name.
set -euo pipefail
cd "$(dirname "$0")/.."

tests/engine.sh
tests/images/build.sh

# Merged reports are held against the schemas of others.
if ! command -v xmllint >/dev/null 2>&1; then
    [ "$(id -u)" -eq 0 ] || { echo "run.sh: 'xmllint' is missing; as root: apt-get install libxml2-utils" >&2; exit 1; }
    echo "run.sh: installing libxml2-utils, for the tests of merged reports" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libxml2-utils >/dev/null
fi

# The live view is looked at on a terminal that a program can read.
if ! command -v tmux >/dev/null 2>&1; then
    [ "$(id -u)" -eq 0 ] || { echo "run.sh: 'tmux' is missing; as root: apt-get install tmux" >&2; exit 1; }
    echo "run.sh: installing tmux, for the tests of the live view" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends tmux >/dev/null
fi

if ! cargo nextest --version >/dev/null 2>&1; then
    echo "run.sh: installing cargo-nextest, the test runner (takes some minutes)"
    cargo install --quiet --locked cargo-nextest
fi
exec cargo nextest run --no-fail-fast "$@"
