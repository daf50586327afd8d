#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Completions and the manual page: shells and man read them, every command and option that --help lists is in each, and what bash and
# fish offer is what may stand there. Every command has examples and --json, and an option's name means one thing everywhere.
# Usage: shell_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"

for shell in bash zsh fish; do
  "$zkinfer" completions "$shell" >"zkinfer.$shell" || fail "completions $shell"
  if command -v "$shell" >/dev/null; then
    expect 0 '' "$shell" -n "zkinfer.$shell"
  else
    echo "skipped: $shell is not installed, its completions are not read by it"
  fi
done
"$zkinfer" man >zkinfer.1 || fail man
if command -v mandoc >/dev/null; then
  # The page has no date: the release has one.
  found=$(mandoc -T lint -W warning zkinfer.1 | grep -v 'missing date')
  [[ -z $found ]] || fail "zkinfer.1: $found"
elif command -v man >/dev/null; then
  found=$(man --warnings -E UTF-8 -l zkinfer.1 2>&1 >/dev/null)
  [[ -z $found ]] || fail "zkinfer.1: $found"
else
  echo "skipped: neither mandoc nor man is installed, the manual page is not read by them"
fi
expect 0 '"shell": "fish"' "$zkinfer" completions fish --json
expect 0 '"page": "zkinfer.1"' "$zkinfer" man --json
expect 2 'usage: shell: .*bash' "$zkinfer" completions csh

# Of a command: the lines of its functions in zkinfer.zsh and its section in the manual page.
zsh_part() { sed -n "/^_zkinfer${1:+_}$(tr ' -' '__' <<<"$1")() {/,/^}/p" zkinfer.zsh; }
man_part() { # command
  if [[ -z $1 ]]; then sed -n '/^.SH OPTIONS/,/^.SH COMMANDS/p' zkinfer.1; else sed -n "/^.SS zkinfer ${1//-/\\\\-}\( [^ a-z].*\| [a-z\\[].*\|\)\$/,/^.S[SH] /p" zkinfer.1; fi
}
options=0 commands=0
declare -A meaning
while read -r command; do
  commands=$((commands + 1))
  help=$("$zkinfer" $command --help)
  leaf=1
  [[ $help == *Subcommands:* ]] && leaf=''
  if [[ -n $leaf ]]; then
    grep -q '^Examples:' <<<"$help" || fail "$command --help: no examples"
    grep -qE '^  --json  ' <<<"$help" || fail "$command: no --json"
  fi
  zsh_part=$(zsh_part "$command")
  man_part=$(man_part "$command")
  [[ -n $zsh_part ]] || fail "$command: not in zkinfer.zsh"
  [[ -n $man_part ]] || fail "$command: not in zkinfer.1"
  bash_line=$(sed -n '/^_zkinfer_options/,/^}/p' zkinfer.bash | grep "^ *'$command') ")
  while read -r short option type; do
    options=$((options + 1))
    grep -qE -- "[ ']$option[ '=]" <<<"$bash_line" || fail "$command $option: not in zkinfer.bash"
    grep -qE -- "'(\*|\([^)]*\))$option[=[-]" <<<"$zsh_part" || fail "$command $option: not in zkinfer.zsh"
    grep -qE -- "^complete -c zkinfer .*-l ${option#--} " <<<"$(grep -E -- "${command:+__zkinfer_at .*$command}" zkinfer.fish)" || fail "$command $option: not in zkinfer.fish"
    [[ $option == --help && -n $command ]] || grep -qF -- "\\fB${option//-/\\-}\\fR" <<<"$man_part" || fail "$command $option: not in zkinfer.1"
    # One short name, and one kind of value, wherever the option is; written and read files are both files.
    type=${type/NEW-FILE/FILE}
    kind="$short ${type/FOLDER/FILE}"
    [[ ${meaning[$option]:-$kind} == "$kind" ]] || fail "$command $option: '$kind', elsewhere '${meaning[$option]}'"
    meaning[$option]=$kind
  done < <(sed -nE '/^Options:/,/^$/s/^  (-[a-z],)?(--[a-z-]+)[ {]? ?([A-Z][A-Z-]+)?.*/\1 \2 \3/p' <<<"$help" | sed -E 's/^ /- /')
done < <(all_commands)
[[ $commands -ge 25 && $options -ge 150 ]] || fail "only $commands commands and $options options were found in the help: has its format changed?"

# What bash offers for a line.
offers() { # line, and what is expected
  COMP_LINE=$1 COMP_POINT=${#1}
  _zkinfer
  [[ " ${COMPREPLY[*]} " == *" $2 "* ]] || fail "bash, '$1': expected $2, got ${COMPREPLY[*]}"
}
source ./zkinfer.bash
offers 'zkinfer ver' verify-chain
offers 'zkinfer commitment ' backup
offers 'zkinfer completions f' fish
offers 'zkinfer --threads 3 prove network.zkmodel --in' --input
offers 'zkinfer commit network.zkmodel --inputs private:' sha256
offers 'zkinfer compile x.onnx --calibration-method ' percentile
offers 'zkinfer inspect network.zkkey --graph=' dot
offers 'zkinfer verify x.zkproof --pro' --progress
if command -v fish >/dev/null; then
  fish_offers() {
    grep -q -- "^$2" <<<"$(fish --no-config -c 'source zkinfer.fish; complete -C "$argv[1]"' "$1" 2>&1)" || fail "fish, '$1': no $2"
  }
  PATH=$(dirname "$zkinfer"):$PATH
  fish_offers 'zkinfer ver' verify-chain
  fish_offers 'zkinfer commitment ' backup
  fish_offers 'zkinfer --threads 3 prove network.zkmodel --in' --input
  fish_offers 'zkinfer commit network.zkmodel --inputs pri' private:sha256
fi
echo "$commands commands, $options options"
finish
