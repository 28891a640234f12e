#!/bin/sh
# Builds the plugin. It needs no libtorch: the process that opens the plugin has one, and what is used of it is in its C shim.
set -eu
cd "$(dirname "$0")"
"${CC:-cc}" -std=c11 -O2 -fPIC -shared -fvisibility=hidden -Wall -Wextra -I include -o @library@ @file@ -lm
