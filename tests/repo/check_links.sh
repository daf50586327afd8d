#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every relative link in a tracked *.md file points to a file or folder that exists, and every anchor to a heading.
# Also the files that documentation names in `backticks` with a folder (`src/..`, `docs/..`, `tests/..`, ..) exist.
# Usage: check_links.sh SOURCE_FOLDER
set -euo pipefail
cd "$1"
problems=0

report() {
  echo "$1" >&2
  problems=$((problems + 1))
}

# GitHub's anchors of a file's headings: lower case, spaces to hyphens, punctuation dropped.
anchors_of() { sed -nE 's/^#+ +//p' "$1" | tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'; }

files=()
while IFS= read -r file; do files+=("$file"); done < <(find . -name '*.md' -not -path './build/*' -not -path './.git/*' | sed 's#^\./##' | sort)
links=0
for file in "${files[@]}"; do
  folder=$(dirname "$file")
  while IFS= read -r link; do
    [[ $link =~ ^[a-z]+: ]] && continue
    links=$((links + 1))
    path=${link%%#*}
    target=$file
    if [[ -n $path ]]; then
      target=$folder/$path
      [[ -e $target ]] || { report "$file: link to '$link': no such file"; continue; }
    fi
    if [[ $link == *#* && $target == *.md ]]; then
      grep -qxF -- "${link#*#}" <<<"$(anchors_of "$target")" || report "$file: link to '$link': no such heading"
    fi
  done < <(grep -oE '\]\([^) ]+\)' "$file" | sed -E 's/^\]\((.*)\)$/\1/' || true)
  while IFS= read -r name; do
    links=$((links + 1))
    # Patterns and placeholders are not names.
    [[ $name == *[\*\<\{\[]* ]] && continue
    [[ -e $name ]] || report "$file: names \`$name\`, which does not exist"
  done < <(grep -oE '`(src|docs|tests|tools|include|cmake|examples|scripts|bench)/[^` :,()]*`' "$file" | tr -d '`' || true)
done

# The glossary has each word once, in order.
words=$(awk -F'|' '/^\| / { gsub(/[^A-Za-z0-9 ]/, "", $2); sub(/^ +/, "", $2); sub(/ +$/, "", $2); print tolower($2) }' docs/glossary.md | tail -n +3)
LC_ALL=C sort -cu <<<"$words" || report "docs/glossary.md: a word is there twice or out of order"

if ((problems > 0)); then
  echo "$problems dangling reference(s)" >&2
  exit 1
fi
echo "docs: $links references in ${#files[@]} files"
