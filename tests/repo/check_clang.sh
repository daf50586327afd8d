#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What GCC takes and clang 14 with GCC 12's library does not: views, and those of std::ranges' algorithms that return a range. WebAssembly and
# the fuzz targets are built with that clang, the latter by nobody's daily build.
# Usage: check_clang.sh SOURCE_FOLDER
set -euo pipefail
cd "$1"
pattern='(ranges|std)::views::|ranges::subrange|ranges::(unique|remove|remove_if|partition|stable_partition|rotate|search|search_n|find_end|equal_range)\b'
count=$(find src include tests -name '*.cc' -o -name '*.h' | wc -l)
((count > 500)) || { echo "only $count files found: the search is broken" >&2; exit 1; }
if grep -rnE --include='*.cc' --include='*.h' "$pattern" src include tests; then
  echo "clang 14 cannot compile these: call the algorithm with two iterators" >&2
  exit 1
fi
echo "clang: $count files"
