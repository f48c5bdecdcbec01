#!/bin/bash
# tests/services/debs.sh - unpacks Debian packages into the cache without installing them.
# SPDX-License-Identifier: Apache-2.0
#
#     debs.sh NAME PACKAGE...    prints the directory under which usr/ stands
#
# For servers that would start as a service once installed. Ends with 77 where they cannot be fetched.
set -u
. "$(dirname "$(readlink -f "$0")")/cache.sh"
name=$1
shift

unpack() { # PACKAGE...
    [ -f "$cache/$name/complete" ] && return 0
    local work=$cache/$name.$$ deb done
    mkdir -p "$work/debs" && chmod 777 "$work/debs"
    (cd "$work/debs" && apt-get download "$@" >"$work/log" 2>&1 </dev/null)
    done=$?
    for deb in "$work"/debs/*.deb; do
        [ $done -eq 0 ] && dpkg-deb -x "$deb" "$work"
    done
    rm -rf "$work/debs" "${cache:?}/$name"
    [ $done -eq 0 ] && touch "$work/complete" && mv "$work" "$cache/$name" && return 0
    tail -n 1 "$work/log" >&2
    rm -rf "$work"
    return 1
}

command -v apt-get >/dev/null || skip "no apt-get to fetch $* with"
with_lock "$name" unpack "$@" || skip "$* could not be fetched from the Debian registry"
echo "$cache/$name"
