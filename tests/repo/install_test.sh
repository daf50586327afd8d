#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs a build into a folder, moves the folder, and builds guests against it: CMake packages, pkg-config, C, and the
# source tree inside another project. Usage: install_test.sh SOURCE BUILD WORK CMAKE CC CXX
set -euo pipefail
source_tree=$1 build=$2 work=$3 cmake=$4 cc=$5 cxx=$6

fail() {
  echo "install_test: $1" >&2
  exit 1
}
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "failed: $*"; }; }

rm -rf "$work"
mkdir -p "$work"
quietly "$cmake" --install "$build" --prefix "$work/first"
mv "$work/first" "$work/prefix"  # nothing may know where it was
prefix=$work/prefix
lib=$(dirname "$(find "$prefix" -name 'libzkinfer-verify.*' | head -1)")
export PKG_CONFIG_PATH=$lib/pkgconfig LD_LIBRARY_PATH=$lib

# Every header is installed, stands on its own, and sees nothing of src/.
for header in "$source_tree"/include/zkinfer/*.h; do
  name=$(basename "$header")
  [ -e "$prefix/include/zkinfer/$name" ] || fail "$name is not installed (cmake/zkinfer_component.cmake)"
  printf '#include "zkinfer/%s"\n' "$name"
done >"$work/headers.cc"
quietly "$cxx" -std=c++20 -Wall -Wextra -Werror -fsyntax-only -I"$prefix/include" "$work/headers.cc"
quietly "$cc" -std=c11 -pedantic -Wall -Wextra -Wstrict-prototypes -Werror -fsyntax-only -I"$prefix/include" -x c \
  "$prefix/include/zkinfer/zkinfer.h"
grep -rhoE '#include "[^"]+"' "$prefix/include" | sort -u | grep -v '"zkinfer/' && fail "an installed header includes another's"
"$prefix/bin/zkinfer" --version >/dev/null || fail "the installed program does not run"

# C by pkg-config: the prover's three libraries, then the verifier's one, which needs no other.
c_flags=(-std=c11 -Wall -Wextra -Werror -O1)
# shellcheck disable=SC2046
quietly "$cc" "${c_flags[@]}" "$source_tree/examples/c/prove.c" $(pkg-config --cflags --libs zkinfer-compile) -o "$work/prove"
# shellcheck disable=SC2046
quietly "$cc" "${c_flags[@]}" "$source_tree/examples/c/verify.c" $(pkg-config --cflags --libs zkinfer-verify) -o "$work/verify"
pkg-config --print-requires zkinfer-verify | grep . && fail "zkinfer-verify needs something"
ldd "$work/verify" | grep -E 'tbb|crypto|hwy|proto|onnx' && fail "the verifier links a library that it does not need"
"$work/prove" "$source_tree/examples/mlp/mlp.onnx" "$work/mlp.zkkey" "$work/mlp.zkproof" 4 || fail "prove.c"
"$work/verify" "$work/mlp.zkkey" "$work/mlp.zkproof" >"$work/verified" || fail "verify.c rejects an honest proof"
head -1 "$work/verified" | grep -qx accepted || fail "verify.c does not say accepted"
# Tri-state: one changed byte is a rejection, one missing key is an error.
old=$(od -An -tu1 -j5000 -N1 "$work/mlp.zkproof")
# shellcheck disable=SC2059
printf "\\x$(printf %02x $((old ^ 1)))" | dd of="$work/mlp.zkproof" bs=1 seek=5000 conv=notrunc status=none
status=0
"$work/verify" "$work/mlp.zkkey" "$work/mlp.zkproof" >"$work/verified" || status=$?
[ "$status" = 1 ] && grep -q '^rejected: ' "$work/verified" || fail "verify.c accepts a changed proof ($status)"
status=0
"$work/verify" "$work/mlp.zkproof" "$work/mlp.zkproof" >"$work/verified" 2>&1 || status=$?
[ "$status" = 2 ] || fail "verify.c takes a proof for a key ($status)"

# What the command line makes: a proof under a serving key, with its path.
(
  cd "$work"
  cp "$source_tree"/examples/mlp/{calibration,input}.json "$source_tree"/examples/mlp/mlp.onnx .
  quietly "$prefix/bin/zkinfer" compile mlp.onnx -c calibration.json
  quietly "$prefix/bin/zkinfer" commit mlp.zkmodel --budget 16 --key served.zkkey --certificate served.zkcert
  quietly "$prefix/bin/zkinfer" prove mlp.zkmodel -i input.json -o served.zkproof
  cp ./????????????????.zkpath served.path
)
served=("$work"/served.zkkey "$work"/served.zkproof "$work"/served.zkcert "$work"/served.path)
said=$("$work/verify" "${served[@]}") && grep -qx accepted <<<"$said" || fail "verify.c rejects a proof with its path"
status=0
"$work/verify" "${served[@]:0:3}" >"$work/verified" || status=$?
[ "$status" = 1 ] || fail "verify.c accepts a proof without its path ($status)"

# The blocks of code that the documentation gives to this test (tests/repo/docs_run.py): page, language, which.
block() {
  awk -v language="$2" -v wanted="$3" '
    /^<!-- run by install -->$/ { ours = 1; next }
    ours && $0 == "```" language { inside = (++count == wanted); ours = 0; next }
    /^```$/ { inside = 0 }
    { if (inside) print; ours = 0 }' "$source_tree/$1" | grep . || fail "$1 has no block $3 of $2 for this test"
}
# README.md's C++, with what it supposes to be there.
{
  echo '#include <cstdio>'
  block README.md cpp 1 | grep '^#include'
  echo 'int main() {
    const zkinfer::RealInputs inputs = {zkinfer::RealTensor{{1, 4}, {5.1f, 3.5f, 1.4f, 0.2f}}};
    const std::vector<zkinfer::RealInputs> calibration(8, inputs);
    const zkinfer::Bytes nonce_of_the_verifier = {1, 2, 3};
    int status = 1;
    auto use = [&](const auto& outputs) { status = outputs.size() == 1 ? 0 : 1; };'
  block README.md cpp 1 | grep -v '^#include'
  echo 'return status; }'
} >"$work/readme.cc"
cp "$source_tree/examples/mlp/mlp.onnx" "$work/network.onnx"
# shellcheck disable=SC2046
quietly "$cxx" -std=c++20 -Wall -Wextra -O1 "$work/readme.cc" $(pkg-config --cflags --libs zkinfer-compile) -o "$work/readme"
(cd "$work" && ./readme) || fail "README.md: the C++ does not accept its own proof"

# C++ by find_package.
quietly "$cmake" -S "$source_tree/examples/cpp" -B "$work/cpp" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$cxx"
quietly "$cmake" --build "$work/cpp"
said=$("$work/cpp/prove_and_verify" "$source_tree/examples/mlp/mlp.onnx") && grep -q accepted <<<"$said" || fail "examples/cpp"
# The verifier alone looks for no other package.
mkdir -p "$work/alone"
cat >"$work/alone/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(alone LANGUAGES C CXX)
foreach(package TBB OpenSSL hwy Protobuf OnnxProto)
  set(CMAKE_DISABLE_FIND_PACKAGE_${package} ON)
endforeach()
add_executable(my_service ${EXAMPLE})
include(block.cmake)  # docs/api.md
if(TARGET zkinfer::prove)
  message(FATAL_ERROR "more than was asked for")
endif()
CMAKE
block docs/api.md cmake 1 >"$work/alone/block.cmake"
quietly "$cmake" -S "$work/alone" -B "$work/alone/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DEXAMPLE="$source_tree/examples/c/verify.c"
quietly "$cmake" --build "$work/alone/build"
quietly "$cmake" -S "$source_tree/examples/cpp/verify" -B "$work/alone/cpp" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$cxx" \
  -DCMAKE_DISABLE_FIND_PACKAGE_TBB=ON -DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON
quietly "$cmake" --build "$work/alone/cpp"
said=$("$work/alone/cpp/verify" "${served[0]}" "${served[2]}" "${served[3]}" "${served[1]}") && grep -q ': accepted$' <<<"$said" || fail "examples/cpp/verify"

# The source tree inside another project: configured without any package, its link line complete. Compiling the verifier once
# more would take a minute; -n shows that every file of it would be compiled.
cp -r "$source_tree/tests/repo/subproject" "$work/guest"
block docs/api.md cmake 2 >"$work/guest/block.cmake"
ln -s "$source_tree" "$work/guest/zkinfer"
quietly "$cmake" -S "$work/guest" -B "$work/sub" -G Ninja \
  -DCMAKE_DISABLE_FIND_PACKAGE_TBB=ON -DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON -DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON
ninja -C "$work/sub" -n my_service >"$work/log"
grep -q 'Linking CXX executable my_service' "$work/log" || fail "add_subdirectory: the guest is not linked"

# Libraries that are missing are said together, by their packages.
"$cmake" -S "$source_tree" -B "$work/bare" -G Ninja -DCMAKE_DISABLE_FIND_PACKAGE_TBB=ON -DCMAKE_DISABLE_FIND_PACKAGE_ICU=ON >"$work/log" 2>&1 &&
  fail "a build without TBB and ICU is configured"
grep -q 'apt-get install libtbb-dev libicu-dev' <<<"$(tr -s ' \n' ' ' <"$work/log")" || { cat "$work/log" >&2; fail "what is missing is not said"; }
echo "install: C and C++ guests build, prove and verify against $(ls "$prefix/include/zkinfer" | wc -l) headers and four libraries"
