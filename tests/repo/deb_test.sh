#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds the Debian packages of a build, looks at what is in them, runs the program out of its package, and builds a verifier against
# the verifier's package alone. Usage: deb_test.sh SOURCE BUILD WORK CPACK CMAKE CC
set -euo pipefail
source_tree=$1 build=$2 work=$3 cpack=$4 cmake=$5 cc=$6

fail() {
  echo "deb_test: $1" >&2
  exit 1
}
if ! command -v dpkg-deb >/dev/null || ! command -v dpkg-shlibdeps >/dev/null; then
  echo "skipped: dpkg-deb and dpkg-shlibdeps are not installed"
  exit 77
fi
rm -rf "$work"
mkdir -p "$work/root"
"$cpack" -G DEB --config "$build/CPackConfig.cmake" -B "$work/debs" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail cpack; }

packages=(zkinfer libzkinfer-verify-dev libzkinfer-dev)
for package in "${packages[@]}"; do
  mapfile -t files < <(ls "$work/debs/${package}"_*.deb)
  [ "${#files[@]}" = 1 ] || fail "$package: ${#files[@]} files"
  dpkg-deb -c "${files[0]}" | awk '$1 !~ /^d/ {print $6}' | sed 's,^\./,/,' | sort >"$work/$package.list"
  dpkg-deb -f "${files[0]}" >"$work/$package.control"
  mkdir "$work/root/$package"
  dpkg-deb -x "${files[0]}" "$work/root/$package"
done
[ -z "$(cat "$work"/*.list | sort | uniq -d)" ] || fail "in two packages: $(cat "$work"/*.list | sort | uniq -d)"
has() { grep -qE "^/usr/$2\$" "$work/$1.list" || fail "$1: no /usr/$2"; }
has zkinfer bin/zkinfer
has zkinfer 'share/man/man1/zkinfer\.1(\.gz)?'
has zkinfer share/bash-completion/completions/zkinfer
has zkinfer share/zsh/vendor-completions/_zkinfer
has zkinfer share/fish/vendor_completions.d/zkinfer.fish
has libzkinfer-verify-dev include/zkinfer/verify.h
has libzkinfer-verify-dev include/zkinfer/zkinfer.h
has libzkinfer-verify-dev 'lib/.*libzkinfer-verify\.(a|so)'
has libzkinfer-verify-dev 'lib/.*pkgconfig/zkinfer-verify\.pc'
has libzkinfer-verify-dev 'lib/.*cmake/zkinfer/zkinferConfig\.cmake'
has libzkinfer-dev include/zkinfer/prove.h
has libzkinfer-dev 'lib/.*libzkinfer-compile\.(a|so)'
has libzkinfer-dev 'lib/.*pkgconfig/zkinfer-prove\.pc'
for package in "${packages[@]}"; do has "$package" "share/doc/$package/copyright"; done
! grep -E 'prove|compile|slots' "$work/libzkinfer-verify-dev.list" || fail "the verifier's package has parts of the prover"
grep -q '^Depends:.*libc6' "$work/zkinfer.control" || fail "zkinfer depends on no libc: $(grep Depends "$work/zkinfer.control")"
! grep -q '^Depends' "$work/libzkinfer-verify-dev.control" || fail "the verifier's package depends on something"
grep -q '^Depends:.*libzkinfer-verify-dev (= ' "$work/libzkinfer-dev.control" || fail "libzkinfer-dev does not depend on the verifier"

"$work/root/zkinfer/usr/bin/zkinfer" --version >/dev/null || fail "the packaged program does not run"
verify_root=$work/root/libzkinfer-verify-dev/usr
config=$(find "$verify_root" -name zkinfer-verify.pc)
# shellcheck disable=SC2046
"$cc" -std=c11 -Wall -Wextra -Werror "$source_tree/examples/c/verify.c" $(PKG_CONFIG_PATH=$(dirname "$config") pkg-config --cflags --libs zkinfer-verify) -o "$work/verify" ||
  fail "verify.c does not build against the verifier's package"
mkdir "$work/guest"
printf 'cmake_minimum_required(VERSION 3.25)\nproject(guest LANGUAGES C CXX)\nfind_package(zkinfer REQUIRED COMPONENTS ${WANTED})\n' >"$work/guest/CMakeLists.txt"
configure() { "$cmake" -S "$work/guest" -B "$work/guest/$1" -G Ninja -DWANTED="$1" -DCMAKE_PREFIX_PATH="$verify_root" >"$work/guest/$1.log" 2>&1; }
configure verify || { cat "$work/guest/verify.log" >&2; fail "find_package(zkinfer COMPONENTS verify)"; }
configure prove && fail "the verifier's package alone gives the component prove"
grep -q "component 'prove' is not installed" "$work/guest/prove.log" || { cat "$work/guest/prove.log" >&2; fail "the missing component is not named"; }

if command -v lintian >/dev/null; then
  # A static build's archive has no upstream address, and a maintainer has one when there is a release.
  errors=$(lintian --allow-root --suppress-tags bad-distribution-in-changes-file,malformed-contact,no-copyright-file,extended-description-contains-empty-paragraph,changelog-file-missing-in-native-package,unstripped-static-library \
    "$work"/debs/*.deb 2>/dev/null | grep '^E:' || true)
  [ -z "$errors" ] || fail "lintian: $errors"
else
  echo "skipped: lintian is not installed"
fi
echo "deb: ${#packages[@]} packages, $(cat "$work"/*.list | wc -l) files"
