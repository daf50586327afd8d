# SPDX-License-Identifier: Apache-2.0
# What the command-line tests share; sourced by them.
failures=0

# begin ZKINFER SOURCE_FOLDER WORK_FOLDER: what most tests are given; they run in an empty folder.
begin() {
  zkinfer=$(realpath "$1")
  source_folder=$(realpath "$2")
  rm -rf "$3" && mkdir -p "$3" && cd "$3" || exit 1
}

fail() {
  echo "FAIL: $*"
  failures=$((failures + 1))
}

# expect CODE PATTERN COMMAND..: exit code and an extended regular expression that the output (both streams) must match.
expect() {
  local code=$1 pattern=$2 output status
  shift 2
  output=$("$@" 2>&1 </dev/null)
  status=$?
  if [[ $status -ne $code ]] || ! grep -qE -- "$pattern" <<<"$output"; then
    fail "$*"
    echo "  expected exit code $code and /$pattern/; got $status:"
    head -n 20 <<<"$output" | sed 's/^/    /'
  fi
}

# change FILE OFFSET: adds one to a byte.
change() {
  local value
  value=$(od -An -tu1 -j "$2" -N 1 "$1")
  printf "$(printf '\\x%02x' $(((value + 1) % 256)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# The last lines of a test.
finish() {
  if [[ $failures -gt 0 ]]; then
    echo "$failures checks failed"
    exit 1
  fi
  echo "all checks passed"
}

# What --help lists; $zkinfer is the program.
commands_of() { "$zkinfer" $1 --help | sed -n '/^Subcommands:/,/^[^ ]/p' | sed -nE 's/^  ([a-z-]+) .*/\1/p'; }
all_commands() { # one a line, the program itself first, as ""
  local command inner
  echo
  for command in $(commands_of ""); do
    echo "$command"
    for inner in $(commands_of "$command"); do echo "$command $inner"; done
  done
}
# options_of COMMAND TYPE: names of the options whose value is called that, a regular expression.
options_of() { "$zkinfer" $1 --help | sed -nE "s/^  (-[a-z],)?(--[a-z-]+) $2.*/\\2/p"; }
