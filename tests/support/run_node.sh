# SPDX-License-Identifier: Apache-2.0
# For the scripts that run tests under node --test (sourced). Exit code 77: it could not run, for the reason that is said.
skip() {
  echo "SKIPPED: $*"
  exit 77
}
need_node() { # oldest version that will do
  command -v node >/dev/null || skip "there is no Node.js (scripts/install_packages.sh web)"
  node -e 'process.exit(Number(process.versions.node.split(".")[0]) < Number(process.argv[1]) ? 1 : 0)' "$1" ||
    skip "Node.js is $(node --version), older than $1"
}
