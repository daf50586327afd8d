// SPDX-License-Identifier: Apache-2.0
// For tests of protocols over the channels: counts pads, fills them, runs a prover, runs a verifier, and evaluates forms.
#pragma once

#include <functional>
#include <random>

#include "base/big_endian.h"
#include "field/vec.h"
#include "hiding/pad_values.h"
#include "hiding/prover_channel.h"
#include "hiding/verifier_channel.h"

namespace zkinfer::hiding {

// Fixed seeds: tests repeat.
class TestRandom : public RandomSource {
 public:
  explicit TestRandom(std::uint64_t seed) : engine_(seed) {}
  Fp fp() { return Fp::reduce(engine_()); }
  Fe fe() { return {fp(), fp(), fp()}; }
  void fill(FpSpan out) override {
    for (Fp& x : out) x = fp();
  }
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  FeVec fe_vec(std::size_t size) {
    FeVec v(size);
    for (std::size_t i = 0; i < size; ++i) v.set(i, fe());
    return v;
  }

 private:
  std::mt19937_64 engine_;
};

inline Fe evaluate(const LinearForm& form, std::span<const Fe> pads) {
  Fe value = form.constant();
  for (const LinearForm::Term& term : form.terms()) value += term.coef * pads[term.pad];
  return value;
}

// The multilinear extension; point[0] is the most significant index bit.
inline Fe evaluate(FeCSpan table, std::span<const Fe> point) {
  Fe value;
  for (std::size_t i = 0; i < table.size; ++i) {
    Fe weight = Fe::one();
    for (std::size_t k = 0; k < point.size(); ++k)
      weight *= (i >> (point.size() - 1 - k)) & 1 ? point[k] : Fe::one() - point[k];
    value += weight * table.get(i);
  }
  return value;
}

struct TestSession {
  bool zero_knowledge;
  std::function<void(PadAllocator&)> count;
  PadLayout layout{};
  std::vector<Fe> pads{};
  Bytes proof{};

  // Call first.
  void make_pads(std::uint64_t seed) {
    TestRandom random(seed);
    PadAllocator counting(zero_knowledge);
    count(counting);
    layout = counting.used();
    PadAllocator again(zero_knowledge);
    again.set_layout(layout);
    count(again);
    pads = fill_pads(again, random);
  }

  // True when the protocol used exactly the pads of the counting pass.
  bool prove(const std::function<void(ProverChannel&)>& body) {
    Transcript transcript("test");
    PadAllocator allocator(zero_knowledge);
    allocator.set_layout(layout);
    ProverChannel channel(transcript, allocator, pads);
    body(channel);
    proof = channel.proof();
    return same_use(allocator);
  }

  struct Outcome {
    Verdict verdict;
    std::size_t num_constraints = 0;
    bool constraints_hold = true;
    bool same_pads = false;
    std::size_t bytes_left = 0;
    // No reject and every constraint zero.
    bool accepted() const { return verdict.accepted() && constraints_hold && bytes_left == 0; }
  };
  Outcome verify(const std::function<void(VerifierChannel&)>& body) const { return verify(proof, body); }
  Outcome verify(ByteView bytes, const std::function<void(VerifierChannel&)>& body) const {
    Transcript transcript("test");
    PadAllocator allocator(zero_knowledge);
    allocator.set_layout(layout);
    VerifierChannel channel(transcript, allocator, bytes);
    body(channel);
    Outcome outcome{.verdict = channel.verdict()};
    for (const LinearForm& form : channel.constraints()) {
      ++outcome.num_constraints;
      if (!evaluate(form, pads).is_zero()) outcome.constraints_hold = false;
    }
    outcome.same_pads = same_use(allocator);
    outcome.bytes_left = channel.bytes_left();
    return outcome;
  }

 private:
  bool same_use(const PadAllocator& allocator) const {
    return allocator.used().num_plain == layout.num_plain && allocator.used().num_triples == layout.num_triples;
  }
};

// Adds one to the lowest limb of message `index` (messages are 24-byte field elements).
inline Bytes mutate(Bytes proof, std::size_t index) {
  std::uint8_t* const limb = proof.data() + 24 * index;
  store_big_endian((Fp(load_big_endian(limb)) + Fp(1)).v, limb);
  return proof;
}

}  // namespace zkinfer::hiding
