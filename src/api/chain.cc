// SPDX-License-Identifier: Apache-2.0
// Proofs whose outputs are other proofs' inputs.
#include "api/key_impl.h"
#include "statement/canonical_bytes.h"

namespace zkinfer {

namespace api {

std::string meaning_differs(const TensorInfo& from, const TensorInfo& to) {
  if (from.num_elements() != to.num_elements()) {
    return std::to_string(from.num_elements()) + " elements, expected " + std::to_string(to.num_elements());
  }
  const auto scale_text = [](const TensorFormat& format) {
    return std::to_string(format.scale_mantissa) + " * 2^" + std::to_string(format.scale_exponent);
  };
  if (!from.format.same_scale(to.format))
    return "scale " + scale_text(from.format) + ", expected " + scale_text(to.format);
  if (from.format.lo < to.format.lo || from.format.hi > to.format.hi) {
    return "integers " + std::to_string(from.format.lo) + ".." + std::to_string(from.format.hi) + ", expected within " +
           std::to_string(to.format.lo) + ".." + std::to_string(to.format.hi);
  }
  return {};
}

}  // namespace api

namespace {

// Equal hashes are equal integers only where both sides write integers in the same bytes.
bool same_bytes(const TensorFormat& a, const TensorFormat& b) {
  const statement::EntryFormat x = statement::entry_format(a.lo, a.hi);
  const statement::EntryFormat y = statement::entry_format(b.lo, b.hi);
  return x.num_bytes == y.num_bytes && x.is_signed == y.is_signed;
}

// Of its canonical bytes under `hash`, where the proof says enough.
std::optional<Digest> digest_under(const VerifiedTensor& tensor, TensorHash hash) {
  if (hash == TensorHash::kNone) return std::nullopt;
  if (tensor.group.hash == hash) return tensor.digest;
  if (!tensor.group.is_public()) return std::nullopt;
  const Result<Bytes> bytes = canonical_bytes(tensor, tensor.integers);
  return bytes.ok() ? std::optional<Digest>(hash_data(hash, *bytes)) : std::nullopt;
}

}  // namespace

Verdict check_link(const VerifiedTensor& output, const VerifiedTensor& input) {
  const std::string where = "output '" + output.name + "' to input '" + input.name + "': ";
  const auto broken = [&](const std::string& what) { return Verdict::reject(RejectReason::kLink, where + what); };
  if (const std::string differs = api::meaning_differs(output, input); !differs.empty())
    return broken("they mean different things: " + differs);
  if (output.commitment.has_value() && input.commitment.has_value()) {
    return output.commitment->id() == input.commitment->id() ? Verdict::accept()
                                                             : broken("the proofs are about different commitments");
  }
  if (output.group.is_public() && input.group.is_public()) {
    return output.integers == input.integers ? Verdict::accept() : broken("the proofs are about different values");
  }
  for (const TensorHash hash : {output.group.hash, input.group.hash}) {
    const std::optional<Digest> from = digest_under(output, hash);
    const std::optional<Digest> to = digest_under(input, hash);
    if (!from || !to || !same_bytes(output.format, input.format)) continue;
    return *from == *to ? Verdict::accept() : broken("the proofs are about data with different hashes");
  }
  return broken(
      "nothing binds them to each other; make both keys with committed tensors (or both public, or with one hash)");
}

ChainResult verify_chain(std::span<const ChainStep> steps) {
  ChainResult result;
  const auto reject = [&](std::size_t step, RejectReason reason, const std::string& where) {
    result.verdict = Verdict::reject(reason, "step " + std::to_string(step + 1) + ": " + where);
    result.step = step;
    result.steps.clear();
    return result;
  };
  if (steps.empty()) return reject(0, RejectReason::kTruncated, "there is none");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    VerifyResult verified = verify(*steps[i].key, steps[i].proof, steps[i].request);
    if (!verified.verdict.accepted()) return reject(i, verified.verdict.reason, verified.verdict.where);
    if (i > 0) {
      const std::vector<VerifiedTensor>& outputs = result.steps[i - 1].outputs;
      if (steps[i - 1].output >= outputs.size())
        return reject(i - 1, RejectReason::kLink, "no output " + std::to_string(steps[i - 1].output));
      if (steps[i].input >= verified.inputs.size())
        return reject(i, RejectReason::kLink, "no input " + std::to_string(steps[i].input));
      const Verdict link = check_link(outputs[steps[i - 1].output], verified.inputs[steps[i].input]);
      if (!link.accepted()) return reject(i, link.reason, link.where);
    }
    result.steps.push_back(std::move(verified));
  }
  return result;
}

}  // namespace zkinfer
