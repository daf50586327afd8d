#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every source file that a comment of the code names exists: a path below the root, src, include, docs or the file's own
# folder; a bare name anywhere in the tree. Headers of other software are no sources of ours: `foreign` lists them.
# Usage: check_comment_paths.sh SOURCE_FOLDER
set -euo pipefail
cd "$1"
# IR.md, Operators.md: ONNX's own pages.
foreign='^(IR\.md|Operators\.md)$'
names=$(find . -path ./build -prune -o -path ./.git -prune -o -type f -printf '%f\n' | sort -u)
problems=0
count=0
while IFS=: read -r file line name; do
  count=$((count + 1))
  [[ $name =~ $foreign ]] && continue
  if [[ $name == */* ]]; then
    found=
    for root in . src include docs "$(dirname "$file")" "$(dirname "$file")/.."; do [[ -e $root/$name ]] && found=1; done
  else
    grep -qxF -- "$name" <<<"$names" && found=1 || found=
  fi
  if [[ -z $found ]]; then
    echo "$file:$line: the comment names $name, which does not exist" >&2
    problems=$((problems + 1))
  fi
done < <(find src include tools tests examples -type f \( -name '*.h' -o -name '*.cc' -o -name '*.c' \) -print0 | sort -z | xargs -0 grep -nHE '//' |
  sed -nE 's#^([^:]+):([0-9]+):.*//(.*)$#\1:\2:\3#p' |
  awk -F: '{head = $1 ":" $2; sub(/^[^:]*:[^:]*:/, ""); rest = $0
    while (match(rest, /[A-Za-z0-9_.\/-]*[A-Za-z0-9_]\.(h|cc|md|sh|py)([^A-Za-z0-9_]|$)/)) {
      name = substr(rest, RSTART, RLENGTH); sub(/[^A-Za-z0-9_]$/, "", name); print head ":" name
      rest = substr(rest, RSTART + RLENGTH - 1)
      if (RLENGTH == 0) break } }')
if ((problems > 0)); then
  echo "$problems comment(s) name files that are not there" >&2
  exit 1
fi
((count > 50)) || { echo "only $count names found: the search is broken" >&2; exit 1; }
echo "comments: $count names of files"
