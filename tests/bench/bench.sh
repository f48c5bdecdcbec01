#!/bin/bash
# tests/bench/bench.sh - fetches rsyslog beside, then measures.
# SPDX-License-Identifier: Apache-2.0
set -u
rsyslog=$(tests/services/debs.sh rsyslog ${WEIR_RSYSLOG_DEBS:?is set by ./run}) || echo "$rsyslog"
[ -d "$rsyslog" ] || rsyslog=
exec python3 tests/bench/bench.py --rsyslog "$rsyslog" "$@"
