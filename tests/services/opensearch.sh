#!/bin/bash
# tests/services/opensearch.sh - a real OpenSearch on loopback with a throw-away data directory.
# SPDX-License-Identifier: Apache-2.0
#     opensearch.sh start DIR       fetches it once, starts it, waits until it answers; DIR/url and DIR/pid
#     opensearch.sh stop DIR        ends it and removes DIR
#     opensearch.sh with COMMAND... starts it, runs the command with WEIR_OPENSEARCH_URL set, stops it

product=OpenSearch kind=opensearch prefix=OPENSEARCH url_variable=WEIR_OPENSEARCH_URL
# The newest that runs on Java 17; without plugins, so without ISM.
version=2.19.6
artifact=org.opensearch.distribution.integ-test-zip:opensearch:$version:zip
extra=
. "$(dirname "$(readlink -f "$0")")/search.sh"
