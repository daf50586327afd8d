#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh MODULE ARGUMENTS..: a test of the service; exit code 77 where its packages are missing.
set -euo pipefail
"$PYTHON" -c 'import fastapi, uvicorn, cryptography, prometheus_client' 2>/dev/null ||
  { echo "skipped: FastAPI, uvicorn, cryptography or prometheus_client is not installed (scripts/install_packages.sh server)"; exit 77; }
exec "$PYTHON" -m "$@"
