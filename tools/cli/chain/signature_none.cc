// SPDX-License-Identifier: Apache-2.0
#include "chain/signature.h"

namespace zkinfer::cli {
namespace {

Status no_library() {
  return unsupported(
      "this zkinfer was built without libsecp256k1 (libsecp256k1-dev) and signs no transactions; --from sends from an "
      "account that the node holds");
}

}  // namespace

Result<SigningKey> SigningKey::read(const std::string&) { return no_library(); }
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;
Result<Bytes> SigningKey::address() const { return no_library(); }
Result<SigningKey::Signature> SigningKey::sign(const Digest&) const { return no_library(); }

}  // namespace zkinfer::cli
