// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/tensor_commitment.h"

#include <algorithm>

#include "api/tensor_commitment_impl.h"
#include "base/text.h"
#include "formats/frame.h"
#include "qir/ops/rules.h"
#include "statement/canonical_bytes.h"

namespace zkinfer {

namespace api {

TensorInfo tensor_info(const qir::Value& value) {
  return {value.name, value.shape.dims(), {value.lo, value.hi, value.scale.mantissa, value.scale.exponent}};
}

Status check_tensor(const TensorInfo& tensor) {
  const std::string where = "tensor " + in_quotes(tensor.name) + ": ";
  ZKI_RETURN_IF_ERROR(check_name("tensor", tensor.name));
  if (std::any_of(tensor.shape.begin(), tensor.shape.end(), [](std::int64_t n) { return n < 1; })) {
    return invalid_argument(where + "shape " + dims_to_string(tensor.shape) + ", expected positive dimensions");
  }
  if (Result<Shape> shape = Shape::make(tensor.shape); !shape.ok()) return shape.status().with_context(where + "shape");
  const TensorFormat& format = tensor.format;
  if (format.lo > format.hi || format.lo <= -qir::kMaxMagnitude || format.hi >= qir::kMaxMagnitude) {
    return invalid_argument(where + "integers " + std::to_string(format.lo) + ".." + std::to_string(format.hi) +
                            ", expected an increasing range within 2^62");
  }
  if (format.scale_mantissa <= 0 || format.scale_exponent < -4096 || format.scale_exponent > 4096) {
    return invalid_argument(where + "a scale needs a positive mantissa and an exponent within +-4096");
  }
  return ok_status();
}

qir::Value value_of(const TensorInfo& tensor) {
  qir::Value value;
  value.name = tensor.name;
  value.kind = qir::ValueKind::kInput;
  value.shape = Shape(tensor.shape);
  value.lo = tensor.format.lo;
  value.hi = tensor.format.hi;
  value.scale = {tensor.format.scale_mantissa, tensor.format.scale_exponent};
  return value;
}

}  // namespace api

Result<Bytes> canonical_bytes(const TensorInfo& tensor, std::span<const std::int64_t> integers) {
  ZKI_RETURN_IF_ERROR(api::check_tensor(tensor));
  if (integers.size() != tensor.num_elements()) {
    return invalid_argument("tensor '" + tensor.name + "': " + std::to_string(integers.size()) + " numbers, expected " +
                            std::to_string(tensor.num_elements()));
  }
  for (std::size_t i = 0; i < integers.size(); ++i) {
    if (integers[i] < tensor.format.lo || integers[i] > tensor.format.hi) {
      return out_of_range("tensor '" + tensor.name + "', entry " + std::to_string(i) + ": " +
                          std::to_string(integers[i]) + ", expected " + std::to_string(tensor.format.lo) + ".." +
                          std::to_string(tensor.format.hi));
    }
  }
  return statement::canonical_bytes(api::value_of(tensor), integers);
}

Result<std::vector<std::int64_t>> parse_canonical_bytes(const TensorInfo& tensor, ByteView bytes) {
  ZKI_RETURN_IF_ERROR(api::check_tensor(tensor));
  return statement::parse_canonical_bytes(api::value_of(tensor), bytes);
}

Digest hash_data(TensorHash hash, ByteView bytes) { return statement::hash_data(hash, bytes); }

const TensorInfo& TensorCommitment::tensor() const { return impl_->tensor; }
std::uint64_t TensorCommitment::budget() const { return impl_->oracle.budget; }
const Digest& TensorCommitment::root() const { return impl_->commitment.root; }

Digest TensorCommitment::id() const {
  ByteWriter params;
  impl_->oracle.write(params);
  Transcript transcript("zkinfer tensor commitment v2");
  transcript.absorb_bytes("parameters", params.bytes());
  transcript.absorb_u64("size", impl_->tensor.num_elements());
  transcript.absorb_digest("data root", impl_->commitment.root);
  transcript.absorb_fe("data value", impl_->commitment.ood_value);
  return transcript.state();
}

Bytes TensorCommitment::to_bytes() const {
  const TensorInfo& tensor = impl_->tensor;
  ByteWriter writer;
  write_frame(writer, FileKind::kTensorCommitment);
  writer.text(tensor.name);
  writer.u32(static_cast<std::uint32_t>(tensor.shape.size()));
  for (const std::int64_t n : tensor.shape) writer.i64(n);
  writer.i64(tensor.format.lo);
  writer.i64(tensor.format.hi);
  writer.i64(tensor.format.scale_mantissa);
  writer.i32(tensor.format.scale_exponent);
  impl_->oracle.write(writer);
  impl_->commitment.write(writer);
  return std::move(writer).take();
}

Result<TensorCommitment> TensorCommitment::from_bytes(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(ByteReader reader, open_frame(FileKind::kTensorCommitment, bytes));
  auto impl = std::make_shared<Impl>();
  TensorInfo& tensor = impl->tensor;
  tensor.name = reader.text(kMaxNameBytes);
  const std::uint32_t rank = reader.u32();
  if (rank > kMaxRank) reader.fail();
  for (std::uint32_t i = 0; i < rank && reader.ok(); ++i) tensor.shape.push_back(reader.i64());
  tensor.format.lo = reader.i64();
  tensor.format.hi = reader.i64();
  tensor.format.scale_mantissa = reader.i64();
  tensor.format.scale_exponent = reader.i32();
  if (!reader.ok()) return corrupt("tensor commitment: truncated, or its shape is no shape");
  if (Status status = api::check_tensor(tensor); !status.ok()) return corrupt("tensor commitment: " + status.message());
  Result<pcs::TensorOracle> oracle = pcs::parse_data_oracle(reader);
  if (!oracle.ok()) return corrupt("tensor commitment: " + oracle.status().message());
  if (oracle->budget == 0) return corrupt("tensor commitment: a budget of 0 proofs");
  impl->oracle = *oracle;
  impl->commitment = statement::read_commitment(reader);
  if (!reader.finished())
    return corrupt("tensor commitment: truncated, a number that is no field element, or bytes after its end");
  return TensorCommitment(std::move(impl));
}

}  // namespace zkinfer
