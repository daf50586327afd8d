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

# check_options MESSAGES WORDS..: no line of zkinfer's own that begins with "zkinfer:" or "warning:" names an option that neither the command
# which ran has, nor one that the line names.
declare -A help_of=()
has_option() { # COMMAND --OPTION
  [[ -n ${help_of[" $1"]:-} ]] || help_of[" $1"]=$("$zkinfer" $1 --help 2>&1)
  [[ ${help_of[" $1"]} =~ (^|[^a-z-])$2([^a-z-]|$) ]]
}
check_options() {
  local lines options=() option word command=${2:-} rest="${*:2}" named
  lines=$(sed -E 's/`ipfs [^`]*`//g' <<<"$1" | grep -aE '^(zkinfer|warning): .*--[a-z]') || return 0
  # Whatever was typed may be quoted.
  while read -r option; do
    [[ " $rest" == *" $option"* ]] || options+=("$option")
  done < <(grep -aoE -- '(^|[^a-zA-Z-])--[a-z][a-z-]+' <<<"$lines" | grep -oE -- '--[a-z-]+' | sort -u)
  ((${#options[@]} > 0)) || return 0
  [[ -n ${known_commands:-} ]] || known_commands=$(all_commands)
  grep -qxF -- "$command ${3:-}" <<<"$known_commands" && command="$command $3"
  grep -qxF -- "$command" <<<"$known_commands" || command=""
  for option in "${options[@]}"; do
    has_option "$command" "$option" && continue
    # EZKL's verbs stand for themselves where that is no other command, or their options say it.
    grep -qxF -- "ezkl ${2:-}" <<<"$known_commands" && has_option "ezkl ${2:-}" "$option" && continue
    named=
    while read -r word; do
      [[ -n $word && ($lines == *"zkinfer $word"* || $lines == *"\`$word"*) ]] && has_option "$word" "$option" && named=1 && break
    done <<<"$known_commands"
    [[ -n $named ]] || fail "$rest: a message names $option, which this command does not have: $(head -n 3 <<<"$lines")"
  done
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
  if [[ $1 == "${zkinfer:-}" ]]; then check_options "$output" "${@:2}"; fi
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
