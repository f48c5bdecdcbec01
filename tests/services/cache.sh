# tests/services/cache.sh - sourced: where fetched things are kept, and how a test skips aloud.
# SPDX-License-Identifier: Apache-2.0
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/weir

# One clear line and ctest's code for "skipped".
skip() {
    echo "skipped: $*"
    exit 77
}

# with_lock NAME COMMAND...: one at a time, so that two test runs do not fetch the same thing twice.
with_lock() {
    local name=$1
    shift
    mkdir -p "$cache"
    (
        flock 9
        "$@"
    ) 9>"$cache/$name.lock"
}

# A port nobody listens on now.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
