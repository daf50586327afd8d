#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An operator's stages are found by name. The table of families in docs/architecture.md has every operator of the integer program
# (src/qir/qgraph.h) once, its families are those of src/ir/family.h, and each of the operator's functions stands in a file that
# begins with the family's name. Of the float graph the compiler checks the same (rows_of_family in src/ir/ops).
# Usage: check_families.sh SOURCE_FOLDER
set -euo pipefail
cd "$1"
problems=0
fail() { echo "$*" >&2; problems=$((problems + 1)); }

table=$(sed -n '/^| family | operators of the integer program |/,/^$/p' docs/architecture.md | sed -nE 's/^\| ([a-z]+) \| ([A-Z].*) \|$/\1:\2/p')
families=$(sed -nE 's/^  k([A-Za-z]+),.*/\L\1/p' src/ir/family.h | sort)
[[ $(cut -d: -f1 <<<"$table" | sort) == "$families" ]] || fail "docs/architecture.md and src/ir/family.h have different families"
ops=$(sed -n '/^enum class Op :/,/^};/p' src/qir/qgraph.h | sed -nE 's/^  k([A-Za-z]+) =.*/\1/p' | sort)
listed=$(cut -d: -f2 <<<"$table" | tr -d ' ' | tr ',' '\n' | sort)
[[ $ops == "$listed" ]] || fail "docs/architecture.md's families and src/qir/qgraph.h differ:" $(comm -3 <(echo "$ops") <(echo "$listed"))

count=0
# FOLDER PREFIX: each operator's function PREFIX_operator is in FOLDER/FAMILY.cc or FOLDER/FAMILY_part.cc.
check_stage() {
  local definitions family members op file
  # file:operator, without underscores
  definitions=$(grep -oE "^[A-Za-z<>]+ $2_[a-z_]+\(" "$1"/*.cc | awk -F'[:(]' -v prefix="$2_" '{
    sub(/.*\//, "", $1); sub(".* " prefix, "", $2); gsub(/_/, "", $2); print $1 ":" $2 }')
  while IFS=: read -r family members; do
    for op in ${members//,/}; do
      file=$(awk -F: -v op="${op,,}" '$2 == op { print $1 }' <<<"$definitions")
      count=$((count + 1))
      [[ $file =~ ^$family(_[a-z_]+)?\.cc$ ]] || fail "$1: $2 of $op is in '$file', expected $family.cc or ${family}_*.cc"
    done
  done <<<"$table"
}
check_stage src/qir/ops infer
check_stage src/exec/integer/ops run
check_stage src/relations build

((problems == 0)) || { echo "$problems problem(s) with the families of operators" >&2; exit 1; }
((count > 50)) || { echo "only $count functions found: the search is broken" >&2; exit 1; }
echo "families: $count functions of $(wc -w <<<"$ops") operators"
