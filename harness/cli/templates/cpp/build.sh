#!/bin/sh
# Builds the plugin. LIBTORCH is the folder of libtorch @libtorch_version@ with include/ and lib/; the host accepts no other version.
# @libtorch_comment@
set -eu
cd "$(dirname "$0")"
LIBTORCH="${LIBTORCH:-@libtorch@}"
[ -f "$LIBTORCH/include/ATen/ATen.h" ] || { echo "build.sh: there is no $LIBTORCH/include/ATen/ATen.h; set LIBTORCH to libtorch's folder" >&2; exit 2; }
"${CXX:-c++}" -std=c++17 -O2 -fPIC -shared -fvisibility=hidden -Wall -Wextra -I include -isystem "$LIBTORCH/include" -o @library@ @file@ -L "$LIBTORCH/lib" -ltorch_cpu -lc10
