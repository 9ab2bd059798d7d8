#!/usr/bin/env bash
# Build the images that the tests and examples run in, without any container registry.
#
#   tests/images/build.sh              all of them
#   tests/images/build.sh python node  only these, and what they are built from
#   tests/images/build.sh --force ...  even if nothing changed
#
# The root file system comes from Debian's packages (mmdebstrap), the rest from apt and npm.
# Every image bears a label with a hash of what went into it, so a second run does nothing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
label=minke.test.inputs
force=''
built=''
# The Dockerfiles need nothing newer, and BuildKit would want its own plugin.
export DOCKER_BUILDKIT=0 DEBIAN_FRONTEND=noninteractive

say() { printf 'images: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Run a command quietly; show the end of what it said only if it fails.
quietly() {
  local rc=0
  "$@" >"$scratch/log" 2>&1 </dev/null || rc=$?
  [ $rc -eq 0 ] || { say "failed ($rc): $*"; tail -n 40 "$scratch/log" >&2; }
  return $rc
}

# need COMMAND PACKAGE...: install Debian packages on this machine if a command is missing.
need() {
  local command=$1; shift
  ! command -v "$command" >/dev/null 2>&1 || return 0
  [ "$(id -u)" -eq 0 ] || die "'$command' is missing; as root: apt-get install $*"
  say "installing $* (for '$command')"
  quietly apt-get update
  quietly apt-get install -y --no-install-recommends "$@"
}

# One hash over strings, files and folders: names below the folder, modes and contents.
hash_of() {
  local item
  for item; do
    if [ -d "$item" ]; then
      (cd "$item" && find . \( -name __pycache__ -o -name .pytest_cache -o -name .minke \) -prune -o \
        ! -type d -printf '%p %m %l\n' -type f -exec sha256sum {} + | LC_ALL=C sort)
    elif [ -f "$item" ]; then cat "$item"
    else printf '%s\n' "$item"; fi
  done | sha256sum | cut -c 1-64
}

# The label of an image, or nothing.
inputs_of() {
  docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$1" 2>/dev/null || true
}

# fresh IMAGE HASH: is there nothing to do? What this run has built is not built again by force.
fresh() {
  case $built in *" $1 "*) return 0 ;; esac
  [ -z "$force" ] && [ "$(inputs_of "$1")" = "$2" ]
}

# Forget the image that a tag pointed to before, unless something still uses it.
drop() { [ -z "$1" ] || [ "$1" = "$(id_of "$2")" ] || docker rmi "$1" >/dev/null 2>&1 || true; }
id_of() { docker image inspect --format '{{.Id}}' "$1" 2>/dev/null || true; }

# docker_build IMAGE HASH DOCKERFILE CONTEXT [ARG...]
# The network is the host's, as the engine may have no bridge; proxies are handed on by name.
docker_build() {
  local image=$1 hash=$2 file=$3 context=$4 before name; shift 4
  for name in http_proxy https_proxy no_proxy; do
    [ -z "${!name:-}" ] || set -- "$@" --build-arg "$name"
  done
  before=$(id_of "$image")
  quietly docker build --network host --force-rm ${force:+--no-cache} --label "$label=$hash" \
    -t "$image" -f "$file" "$@" "$context"
  drop "$before" "$image"
}

# A copy without what is left behind when someone ran the suite in place.
copy_clean() {
  tar -c -C "$1" --exclude=__pycache__ --exclude=.pytest_cache --exclude=.minke . | tar -x -C "$2"
}

# done_in IMAGE START: note and tell that an image is built.
done_in() { built="$built $1 "; say "$1 built in $((SECONDS - $2)) s"; }

# ---- base: Debian with apt, so that other images can be built from it ----

# This machine's own Debian sources, whatever format they are written in: its mirror is the one
# that can be reached. Sources that are not Debian's are left out.
debian_sources() {
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' 'Origin: Debian' | sort -u
}

release() { . /etc/os-release && echo "${VERSION_CODENAME:-}"; }

# The recipe is part of the inputs. The sources are not: a mirror is the same wherever it is.
hash_base() { hash_of "$(declare -f build_base)" "$(release)"; }

build_base() {
  local image=minke-test/base hash start=$SECONDS sources bundle before section
  hash=$(hash_base)
  ! fresh "$image" "$hash" || return 0
  say "building $image"
  [ -n "$(release)" ] && command -v apt-get >/dev/null 2>&1 || die 'the base image is made by Debian tools: this machine has no apt-get'
  need mmdebstrap mmdebstrap
  sources=$scratch/sources.list
  debian_sources >"$sources"
  [ -s "$sources" ] || { quietly apt-get update; debian_sources >"$sources"; }
  [ -s "$sources" ] || die 'apt knows no Debian source on this machine'
  before=$(id_of "$image")
  # Certificates of this machine: apt in the image may need them for a mirror over https.
  bundle=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
  set --
  [ ! -f "$bundle" ] || set -- --customize-hook="install -D -m 644 '$bundle' \"\$1/etc/ssl/certs/ca-certificates.crt\""
  for section in man doc info locale lintian; do
    set -- "$@" --dpkgopt="path-exclude=/usr/share/$section/*"
  done
  mmdebstrap --variant=apt --include=procps "$@" --dpkgopt=force-unsafe-io \
    --aptopt='Apt::Install-Recommends "false"' \
    "$(release)" "$scratch/base.tar" "$sources" >"$scratch/log" 2>&1 ||
    { tail -n 40 "$scratch/log" >&2; die 'mmdebstrap failed'; }
  quietly docker import --change "LABEL $label=$hash" --change 'ENV LANG=C.UTF-8' \
    --change 'CMD ["/bin/sh"]' "$scratch/base.tar" "$image"
  rm -f "$scratch/base.tar"
  drop "$before" "$image"
  done_in "$image" $start
}

# ---- images that need nothing but their Dockerfile over another image ----

# plain NAME PARENT [CONTEXT]: `minke-test/NAME` over `minke-test/PARENT`, with the files of a folder if there is one.
plain() {
  local image=minke-test/$1 file=$here/$1.Dockerfile context=${3:-$scratch/empty} hash start
  "build_$2"
  start=$SECONDS
  hash=$(hash_plain "$@")
  ! fresh "$image" "$hash" || return 0
  say "building $image"
  mkdir -p "$context"
  docker_build "$image" "$hash" "$file" "$context"
  done_in "$image" $start
}

hash_plain() { hash_of "$("hash_$2")" "$here/$1.Dockerfile" "${@:3}"; }

# ---- python and cucumber: one image, two tags ----

hash_python() { hash_plain python base; }

build_python() {
  plain python base
  docker tag minke-test/python minke-test/cucumber
}

build_cucumber() { build_python; }

# ---- behave: a newer one than Debian's, beside it ----

hash_behave() { hash_of "$(hash_python)" "$(declare -f build_behave)" "$here/behave.Dockerfile"; }

build_behave() {
  local image=minke-test/behave hash start context=$scratch/behave
  build_python
  start=$SECONDS
  hash=$(hash_behave)
  ! fresh "$image" "$hash" || return 0
  say "building $image"
  need pip3 python3-pip
  mkdir -p "$context/opt/behave"
  # For the image's Python, whichever runs here.
  quietly pip3 install --target "$context/opt/behave" --python-version 3.11 --only-binary=:all: 'behave==1.3.*'
  docker_build "$image" "$hash" "$here/behave.Dockerfile" "$context"
  rm -rf "$context"
  done_in "$image" $start
}

# ---- pytest: a newer one than Debian's, beside it ----

hash_pytest() { hash_of "$(hash_python)" "$(declare -f build_pytest)" "$here/pytest.Dockerfile"; }

build_pytest() {
  local image=minke-test/pytest hash start context=$scratch/pytest
  build_python
  start=$SECONDS
  hash=$(hash_pytest)
  ! fresh "$image" "$hash" || return 0
  say "building $image"
  need pip3 python3-pip
  mkdir -p "$context/opt/pytest"
  # For the image's Python, whichever runs here.
  quietly pip3 install --target "$context/opt/pytest" --python-version 3.11 --only-binary=:all: 'pytest==9.*'
  docker_build "$image" "$hash" "$here/pytest.Dockerfile" "$context"
  rm -rf "$context"
  done_in "$image" $start
}

# ---- coverage: pytest-cov and coverage.py ----

build_coverage() { plain coverage python; }

# ---- services: PostgreSQL and Redis, and clients of both ----

hash_services() { hash_plain services python "$here/services"; }

build_services() { plain services python "$here/services"; }

# ---- rspec ----

build_rspec() { plain rspec python; }

# ---- node: cucumber-js ----

hash_node() { hash_of "$(hash_base)" "$(declare -f build_node)" "$here/node.Dockerfile"; }

build_node() {
  local image=minke-test/node hash start context=$scratch/node
  build_base
  start=$SECONDS
  hash=$(hash_node)
  ! fresh "$image" "$hash" || return 0
  say "building $image"
  need npm nodejs npm
  mkdir -p "$context/opt/cucumber-js" "$context/usr/local/bin"
  quietly npm install --no-audit --no-fund --no-package-lock --prefix "$context/opt/cucumber-js" @cucumber/cucumber@11
  cp -L "$(command -v node)" "$context/usr/local/bin/node"
  docker_build "$image" "$hash" "$here/node.Dockerfile" "$context"
  rm -rf "$context"
  done_in "$image" $start
}

# ---- shell and go: what Debian has ----

build_shell() { plain shell base; }
build_go() { plain go base; }

# ---- rust: what this machine has, as it runs the tests with cargo-nextest itself ----

build_rust() {
  local image=minke-test/rust hash start context=$scratch/rust sysroot
  build_base
  start=$SECONDS
  need cargo-nextest cargo-nextest
  hash=$(hash_of "$(hash_base)" "$(declare -f build_rust)" "$here/rust.Dockerfile" "$(rustc -V)" "$(cargo nextest --version)")
  ! fresh "$image" "$hash" || return 0
  say "building $image"
  sysroot=$(rustc --print sysroot)
  mkdir -p "$context/bin" "$context/lib/rustlib"
  cp -L "$sysroot/bin/cargo" "$sysroot/bin/rustc" "$(command -v cargo-nextest)" "$context/bin"
  cp -L "$sysroot"/lib/*.so* "$context/lib"
  cp -r "$sysroot/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')" "$context/lib/rustlib"
  docker_build "$image" "$hash" "$here/rust.Dockerfile" "$context"
  rm -rf "$context"
  done_in "$image" $start
}

# ---- javascript: jest, vitest and mocha ----

hash_javascript() { hash_of "$(hash_node)" "$(declare -f build_javascript)" "$here/javascript.Dockerfile"; }

build_javascript() {
  local image=minke-test/javascript hash start context=$scratch/javascript
  build_node
  start=$SECONDS
  hash=$(hash_javascript)
  ! fresh "$image" "$hash" || return 0
  say "building $image"
  need npm nodejs npm
  mkdir -p "$context/opt/javascript"
  quietly npm install --no-audit --no-fund --no-package-lock --prefix "$context/opt/javascript" jest@29 vitest@2 mocha@10
  # Types and maps are nothing that a test runner reads.
  find "$context/opt/javascript" -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete
  docker_build "$image" "$hash" "$here/javascript.Dockerfile" "$context"
  rm -rf "$context"
  done_in "$image" $start
}

# ---- images that hold a suite ----

# with_suite IMAGE BASE PARENT-HASH FOLDER DOCKERFILE
with_suite() {
  local image=$1 base=$2 parent=$3 folder=$4 file=$5 hash start=$SECONDS context
  [ -d "$folder" ] || { say "no $folder: $image left out"; return 0; }
  hash=$(hash_of "$parent" "$file" "$folder")
  ! fresh "$image" "$hash" || return 0
  context=$(mktemp -d "$scratch/suite.XXXXXX")
  copy_clean "$folder" "$context"
  docker_build "$image" "$hash" "$file" "$context" --build-arg "BASE=$base"
  done_in "$image" $start
}

build_baked-pytest() {
  build_python
  with_suite minke-test/baked-pytest minke-test/python "$(hash_python)" "$root/fixtures/pytest" "$here/baked.Dockerfile"
}
build_baked-cucumber() {
  build_python
  with_suite minke-test/baked-cucumber minke-test/cucumber "$(hash_python)" "$root/fixtures/cucumber-ruby" "$here/baked.Dockerfile"
}
build_example-pytest() {
  build_python
  with_suite minke-example/pytest minke-test/python "$(hash_python)" "$root/examples/pytest" "$root/examples/pytest/Dockerfile"
}
build_example-cucumber() {
  build_python
  with_suite minke-example/cucumber minke-test/cucumber "$(hash_python)" "$root/examples/cucumber" "$root/examples/cucumber/Dockerfile"
}

# The services of the example, as their images are elsewhere: each does its one thing when it is started.
build_example-web() {
  local hash start
  build_services
  for service in 'postgres serve-postgres' 'redis redis-server --protected-mode no'; do
    set -- $service
    start=$SECONDS
    hash=$(hash_of "$(hash_services)" "$service")
    ! fresh "minke-example/$1" "$hash" || continue
    mkdir -p "$scratch/$1"
    local name=$1; shift
    printf 'FROM minke-test/services\nCMD ["%s"]\n' "$(printf '%s' "$*" | sed 's/ /", "/g')" >"$scratch/$name.Dockerfile"
    docker_build "minke-example/$name" "$hash" "$scratch/$name.Dockerfile" "$scratch/$name"
    done_in "minke-example/$name" $start
  done
}

# ---- scratch: feature files with odd names and nothing that could be executed ----

scratch_features() {
  local dir=$1 name
  mkdir -p "$dir/suite/features/deep er/ünïcode" "$dir/suite/not-features"
  for name in plain 'with space' "it's quoted" 'double "quoted"' $'new\nline' 'größe' '-dash' \
    '$(touch pwned)' '`touch pwned`' 'semi;colon' 'star*' 'back\slash' 'deep er/inner' 'deep er/ünïcode/élan'; do
    printf 'Feature: A file that nothing here can run\n  Scenario: one\n    Given a step\n' \
      >"$dir/suite/features/$name.feature"
  done
  printf 'not a feature\n' >"$dir/suite/features/notes.txt"
  printf 'Feature: outside\n' >"$dir/suite/not-features/outside.feature"
}

build_scratch() {
  local image=minke-test/scratch hash start=$SECONDS before
  hash=$(hash_of "$(declare -f scratch_features build_scratch)")
  ! fresh "$image" "$hash" || return 0
  before=$(id_of "$image")
  scratch_features "$scratch/odd"
  tar -c -C "$scratch/odd" suite >"$scratch/odd.tar"
  quietly docker import --change "LABEL $label=$hash" --change 'WORKDIR /suite' \
    --change 'CMD ["/none"]' "$scratch/odd.tar" "$image"
  drop "$before" "$image"
  done_in "$image" $start
}

# ---- all ----

all='base python cucumber scratch baked-pytest baked-cucumber example-pytest example-cucumber example-web node shell javascript behave pytest coverage services rspec go rust'

main() {
  local name
  [ "${1:-}" != --force ] || { force=yes; shift; }
  [ $# -gt 0 ] || set -- $all
  docker version >/dev/null 2>&1 || die 'no Docker engine answers; tests/engine.sh starts one'
  # One build at a time on a machine: tests may call this side by side.
  exec 9>"${TMPDIR:-/tmp}/minke-test-images.lock"
  flock 9
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/minke-images.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  for name; do
    case " $all " in *" $name "*) "build_$name" ;; *) die "no image is called '$name'; there are: $all" ;; esac
  done
}

main "$@"
