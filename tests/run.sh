#!/usr/bin/env bash
# Passes every test against a real engine: installs what is missing, starts the engine if none answers, builds the test
# images. Further arguments go to `cargo nextest run`, such as a part of a test's name.
set -euo pipefail
cd "$(dirname "$0")/.."

tests/engine.sh
tests/images/build.sh

if ! cargo nextest --version >/dev/null 2>&1; then
    echo "run.sh: installing cargo-nextest, the test runner (takes some minutes)"
    cargo install --quiet --locked cargo-nextest
fi
exec cargo nextest run --no-fail-fast "$@"
