// SPDX-License-Identifier: Apache-2.0
// The .zksecret file: a commitment's secret and how many proofs it has served, so that the budget holds across processes.
// Bytes: magic "ZKIC" (u32), version (u32), proofs made (u64), secret (blob, as Prover::commitment_secret gives it).
// Errors: corrupt, io; all name the file.
#pragma once

#include <string>

#include "base/bytes.h"

namespace zkinfer::cli {

struct SecretFile {
  std::uint64_t proofs_made = 0;
  Bytes secret;
};

Result<SecretFile> load_secret(const std::string& path);
// Readable by its owner only.
Status save_secret(const std::string& path, const SecretFile& file);

// Holds an exclusive lock beside the file (path + ".lock") while it lives: two processes that prove with one commitment
// must not both start from the same count.
class SecretLock {
 public:
  explicit SecretLock(const std::string& path);
  ~SecretLock();
  SecretLock(const SecretLock&) = delete;
  SecretLock& operator=(const SecretLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace zkinfer::cli
