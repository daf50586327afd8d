#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Compares the sources with cmake/layers.txt: includes per folder, libraries that the verifier links, folders without
# floating point. Prints how many files and lines the verifier has, headers included.
# Usage: check_layers.sh SOURCE_FOLDER VERIFIER_LIBRARIES VERIFIER_SOURCES   (files made by CMake: one target, one .cc per
# line)
set -euo pipefail
cd "$1"
libraries_file=$2
sources_file=$3
problems=0

report() {
  echo "$1" >&2
  problems=$((problems + 1))
}

# Values of all lines "KEY: values" of layers.txt, joined.
rule() { awk -v key="$1:" 'index($0, key) == 1 { print substr($0, length(key) + 1) }' cmake/layers.txt | tr '\n' ' '; }

# Lines "FILE INCLUDED" for every quoted include.
includes_of() { grep -HoE '^#include "[^"]+"' "$@" | sed -E 's/^([^:]+):#include "([^"]+)"$/\1 \2/' || true; }

mapfile -t folders < <(sed -nE 's/^folder ([^:]+):.*/\1/p' cmake/layers.txt)
declare -A is_folder
for folder in "${folders[@]}"; do is_folder[$folder]=1; done

# The folder of layers.txt that holds a path below src/: the longest prefix.
folder_of() {
  local path=$1
  while [[ $path == */* ]]; do
    path=${path%/*}
    if [[ -n ${is_folder[$path]:-} ]]; then
      echo "$path"
      return
    fi
  done
}

declare -A allowed
for folder in "${folders[@]}"; do
  # Highway's own headers are a library, not a layer.
  for name in $folder hwy $(rule "folder $folder"); do allowed["$folder $name"]=1; done
  for name in $(rule "tests $folder"); do allowed["tests $folder $name"]=1; done
done

everywhere=" $(rule everywhere) "
while read -r file included; do
  folder=$(folder_of "${file#src/}")
  if [[ -z $folder ]]; then
    report "$file: its folder has no row in cmake/layers.txt"
    continue
  fi
  [[ $included == */* ]] || { report "$file: \"$included\": write the folder, as in \"folder/file.h\""; continue; }
  [[ $everywhere == *" $included "* ]] && continue
  target=${included%/*}
  [[ -n ${allowed["$folder $target"]:-} ]] && continue
  is_test=no
  [[ $file =~ (_test|_bench)\.cc$|/test_[a-z_]*\.h$|_test_util\.h$ ]] && is_test=yes
  [[ $is_test == yes && -n ${allowed["tests $folder $target"]:-} ]] && continue
  report "$file: includes \"$included\", but '$folder' may not use '$target' (cmake/layers.txt)"
done < <(find src -name '*.h' -o -name '*.cc' | sort | xargs grep -HoE '^#include "[^"]+"' | sed -E 's/^([^:]+):#include "([^"]+)"$/\1 \2/')

public=" $(rule public) "
while read -r file included; do
  [[ $public == *" ${included%/*} "* ]] || report "$file: a public header includes \"$included\" (cmake/layers.txt, public)"
done < <(includes_of include/zkinfer/*.h)

command_line=" $(rule "command line") chain demo report ezkl "
while read -r file included; do
  [[ $included != */* || $command_line == *" ${included%%/*} "* ]] ||
    report "$file: includes \"$included\", which the command line may not use (cmake/layers.txt, command line)"
done < <(find tools/cli -name '*.h' -o -name '*.cc' | sort | xargs grep -HoE '^#include "[^"]+"' | sed -E 's/^([^:]+):#include "([^"]+)"$/\1 \2/')

python=" $(rule python) "
while read -r file included; do
  [[ $included != */* || $python == *" ${included%/*} "* ]] ||
    report "$file: includes \"$included\", which the Python package may not use (cmake/layers.txt, python)"
done < <(includes_of python/src/*.h python/src/*.cc)
while IFS= read -r name; do
  grep -qF "$name" python/zkinfer/_words.py || report "python/zkinfer/_words.py: no words for '$name', which a message names"
done < <(grep -oE '"[A-Z][A-Za-z]+::[a-z_]+"|"`[a-z_]+`"' tools/cli/option_words.cc | tr -d '"')

# A folder may use only folders above it: the rows themselves must be in order.
declare -A above
for folder in "${folders[@]}"; do
  for name in $(rule "folder $folder"); do
    [[ -n ${above[$name]:-} || $name == "$folder"/* || $name == zkinfer || -n ${above[${name%/*}]:-} ]] ||
      report "cmake/layers.txt: '$folder' uses '$name', which is not above it"
  done
  above[$folder]=1
done

# The page about the folders has them in the same order.
page_order=$(grep -oE '^`src/[a-z0-9_/]+`:' docs/architecture.md | sed -E 's/^`src\/(.*)`:/\1/')
diff <(printf '%s\n' "${folders[@]}") <(printf '%s\n' "$page_order") >&2 ||
  report "docs/architecture.md: its folders (>) are not those of cmake/layers.txt (<) in their order"

# Messages of the library speak of its headers, never of the command line, which translates (tools/cli/option_words.cc).
while IFS= read -r line; do
  report "$line: a message of the library names an option or command; name the field of its header"
done < <(grep -rnE --include='*.h' --include='*.cc' --exclude='*_test.cc' --exclude=cid.cc '"[^"]*( --[a-z]|\bzkinfer (commit|compile|prove|rotate|verify|run|inspect)\b)[^"]*"' src include |
  grep -vE '#include|^[^:]*:[0-9]*: *//| v[0-9]+"' || true)
while IFS= read -r name; do
  grep -qF "$name" tools/cli/option_words.cc || report "tools/cli/option_words.cc: no words for '$name', which a message names"
done < <(grep -rhoE --include='*.h' --include='*.cc' --exclude='*_test.cc' '"[^"]*"' src include | grep -v '\.h"' |
  grep -oE '\b(Compile|Commit|TensorCommit|Prove|Verify)(Options|Request)::[a-z_]+|\b(Prover|CommittedTensor)::[a-z_]+' | sort -u)

libraries=" $(rule "verifier libraries") "
while read -r library; do
  [[ $libraries == *" ${library#zkinfer_} "* ]] ||
    report "the verifier links '$library', which cmake/layers.txt does not list under 'verifier libraries'"
done <"$libraries_file"

# The verifier's sources and every header of ours that they include, directly or not.
declare -A in_verifier
mapfile -t new_files < <(sed "s#^$PWD/##" "$sources_file")
while ((${#new_files[@]} > 0)); do
  for file in "${new_files[@]}"; do in_verifier[$file]=1; done
  mapfile -t included < <(includes_of "${new_files[@]}" | awk '{print $2}' | sort -u)
  new_files=()
  for name in "${included[@]}"; do
    for file in "src/$name" "include/$name"; do
      [[ -e $file && -z ${in_verifier[$file]:-} ]] && new_files+=("$file")
    done
  done
done
for file in "${!in_verifier[@]}"; do
  [[ $file =~ ^src/(prover|quant|passes|frontend|exec|ir|package)/|_prover\.(h|cc)$ ]] &&
    report "the verifier's sources include '$file', which belongs to the prover's side"
done

mapfile -t patterns < <(sed -nE 's/^floating point allowed: //p' cmake/layers.txt)
for folder in $(rule "no floating point"); do
  while IFS= read -r line; do
    # FILE:LINE:TEXT; comments do not count.
    text=${line#*:*:}
    text=${text%%//*}
    [[ $text =~ (^|[^A-Za-z_])(float|double)($|[^A-Za-z_]) ]] || continue
    for pattern in "${patterns[@]}"; do
      [[ ${line%%:*}:$text =~ $pattern ]] && continue 2
    done
    report "${line%%:*}: floating point in a folder without it (cmake/layers.txt): $text"
  done < <(grep -rnE --include='*.h' --include='*.cc' --exclude='*_test.cc' --exclude='*_bench.cc' '\b(float|double)\b' "src/$folder" || true)
done

# Lines of code of the verifier: a budget that only falls.
lines=$(printf '%s\0' "${!in_verifier[@]}" | xargs -0 cat | grep -vcE '^[[:space:]]*(//.*)?$')
budget=$(rule "verifier lines of code, at most" | tr -d ' ')
((lines <= budget)) || report "the verifier has $lines lines of code, at most $budget are allowed (cmake/layers.txt)"
((lines > budget - 150)) || report "the verifier has $lines lines of code: lower its budget of $budget to that (cmake/layers.txt)"

if ((problems > 0)); then
  echo "$problems offence(s) against cmake/layers.txt" >&2
  exit 1
fi
echo "layers: ${#folders[@]} folders, as in cmake/layers.txt"
printf '%s\0' "${!in_verifier[@]}" | xargs -0 cat | awk -v files="${#in_verifier[@]}" '
  !/^[[:space:]]*(\/\/.*)?$/ { code++ }
  END { print "verifier: " files " files, " NR " lines, " code " of them code" }'
