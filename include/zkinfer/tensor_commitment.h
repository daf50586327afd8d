// SPDX-License-Identifier: Apache-2.0
// What the outside world may hold of a tensor: its canonical bytes, their hash (as an IPFS content identifier: cid.h), and
// commitments to it. Links nothing of the prover. docs/formats/tensor.md.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "zkinfer/bytes.h"
#include "zkinfer/tensor_info.h"
#include "zkinfer/tensor_policy.h"

namespace zkinfer {

namespace api {
struct Access;  // the implementation's way to what is private here
}

// Entries row-major, each in the fewest of 1, 2, 4 or 8 bytes that hold the format's range, little-endian, unsigned if no
// entry is negative, else two's complement: an 8-bit picture is its raw bytes. out_of_range: a value outside of the range.
Result<Bytes> canonical_bytes(const TensorInfo& tensor, std::span<const std::int64_t> integers);
// invalid_argument with the place: another number of bytes, or an entry outside of the range.
Result<std::vector<std::int64_t>> parse_canonical_bytes(const TensorInfo& tensor, ByteView bytes);
// hash is not kNone.
Digest hash_data(TensorHash hash, ByteView canonical_bytes);

// The public side of a commitment to one tensor (.zktensor): what others compare. The commitment itself says nothing of name, shape
// and format: whoever hands it over claims them, and a proof that opens it shows that the entries lie in the range of
// its key. Immutable, cheap to copy.
class TensorCommitment {
 public:
  static Result<TensorCommitment> from_bytes(ByteView bytes);
  Bytes to_bytes() const;

  const TensorInfo& tensor() const;
  std::uint64_t budget() const;  // proofs that it may serve
  const Digest& root() const;
  // Digest of root, value, parameters and number of elements: equal for commitments to the same integers, whatever is said about them.
  Digest id() const;

 private:
  friend struct api::Access;
  struct Impl;
  explicit TensorCommitment(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace zkinfer
