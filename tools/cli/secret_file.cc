// SPDX-License-Identifier: Apache-2.0
#include "secret_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

namespace zkinfer::cli {
namespace {

constexpr std::uint32_t kMagic = 0x43494b5a;  // "ZKIC"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kMaxSecretBytes = 1 << 20;

}  // namespace

Result<SecretFile> load_secret(const std::string& path) {
  Result<Bytes> bytes = read_file(path, kMaxSecretBytes);
  if (!bytes.ok()) return bytes.status().with_context("commitment secret (made by `zkinfer commit`)");
  ByteReader reader(*bytes);
  const bool known = reader.u32() == kMagic && reader.u32() == kVersion;
  SecretFile file;
  file.proofs_made = reader.u64();
  const ByteView secret = reader.blob(kMaxSecretBytes);
  if (!known || !reader.finished()) {
    return corrupt("'" + path + "': expected a commitment secret as `zkinfer commit` writes it, version " + std::to_string(kVersion));
  }
  file.secret.assign(secret.begin(), secret.end());
  return file;
}

Status save_secret(const std::string& path, const SecretFile& file) {
  ByteWriter writer;
  writer.u32(kMagic);
  writer.u32(kVersion);
  writer.u64(file.proofs_made);
  writer.blob(file.secret);
  return write_secret_file(path, writer.bytes());
}

// A lock file of its own: the secret itself is replaced by rename, which would leave others waiting on the old file.
SecretLock::SecretLock(const std::string& path) : fd_(open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (fd_ >= 0) flock(fd_, LOCK_EX);
}

SecretLock::~SecretLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace zkinfer::cli
