#!/usr/bin/env bash
# Runs a real cucumber suite, a real pytest suite and one that needs two services in parallel containers, and shows the merged
# report of each.
# Installs what is missing, starts the engine if none answers, and builds the images without a registry.
set -euo pipefail
cd "$(dirname "$0")/.."

tests/engine.sh
tests/images/build.sh example-cucumber example-pytest example-web
cargo build --quiet --release
minke="$(realpath "${CARGO_TARGET_DIR:-target}")/release/minke"

show() {
    echo
    echo "== $1: the merged report, $2"
    grep -o '<testsuites[^>]*>' "$2"
    grep -o '<testsuite [^>]*>' "$2" | sed 's/ hostname=.*//; s/^/  /'
}

echo
echo '== a cucumber suite, in two containers at once'
echo '$ minke cucumber --image minke-example/cucumber --files features/ --concurrency 2 --junit cucumber.xml'
cd examples/cucumber
"$minke" cucumber --image minke-example/cucumber --files features/ --concurrency 2 --junit ../../target/quickstart/cucumber.xml

echo
echo '== a pytest suite, in two containers at once; what stands behind -- is for pytest'
echo '$ minke pytest --image minke-example/pytest --shards 2 --junit pytest.xml tests/ -- --tb=short'
cd ../pytest
"$minke" pytest --image minke-example/pytest --shards 2 --junit ../../target/quickstart/pytest.xml tests/ -- --tb=short

echo
echo '== a shop with PostgreSQL and Redis, in four containers, each with both of its own'
echo '$ minke run --build . -f compose.yaml --shards 4 --junit web.xml'
cd ../web
POSTGRES_IMAGE=minke-example/postgres REDIS_IMAGE=minke-example/redis \
    "$minke" run --build . --build-arg BASE=minke-test/services -f compose.yaml --shards 4 --junit ../../target/quickstart/web.xml

cd ../..
show cucumber target/quickstart/cucumber.xml
show pytest target/quickstart/pytest.xml
show web target/quickstart/web.xml
echo
echo "Next: target/release/minke --help, or run a suite of your own with --source mount."
