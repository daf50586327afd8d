#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# No file that people read has more than 500 lines, but for those that are one thing by their nature.
# Usage: check_file_sizes.sh SOURCE_FOLDER
set -euo pipefail
cd "$1"
most=500
# The protocol is one document in the transcript's order, cited by section, the command line one reference; a module's stub is one file; the second verifier is one
# file that needs nothing (docs/decisions/0091).
whole='^\./(docs/(protocol|cli)\.md|python/zkinfer/_native\.pyi|tests/vectors/zkverify\.py)$'
problems=0
count=0
while read -r lines file; do
  [[ $file == total ]] && continue
  count=$((count + 1))
  if ((lines > most)) && [[ ! $file =~ $whole ]]; then
    echo "$file has $lines lines, at most $most are allowed: part it where its subject parts" >&2
    problems=$((problems + 1))
  fi
done < <(find . \( -path ./build -o -path ./.git -o -path ./testdata -o -name node_modules -o -name work -o -name dist -o -path ./site \) -prune -o -type f \
  \( -name '*.cc' -o -name '*.h' -o -name '*.c' -o -name '*.py' -o -name '*.pyi' -o -name '*.sh' -o -name '*.sol' -o -name '*.js' -o -name '*.mjs' -o -name '*.ts' \
  -o -name '*.md' -o -name '*.cmake' -o -name CMakeLists.txt \) -print0 | xargs -0 wc -l)
((problems == 0)) || { echo "$problems file(s) too long" >&2; exit 1; }
((count > 500)) || { echo "only $count files found: the search is broken" >&2; exit 1; }
echo "file sizes: $count files"
