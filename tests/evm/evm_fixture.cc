// SPDX-License-Identifier: Apache-2.0
// evm_fixture KEY PROOF [PATH] [--beside FILE]: what the tests of contracts/ need of a key and a proof (under the serving key that a path leads to, if there is one), as JSON on stdout: the program, the verdict, the
// publics as the contracts take them, and, where the verifier comes so far, what the claim is asked at the end of the opening
// (contracts/src/IZkInferFunctionals.sol has the order) and what it answers. Elements of K are words of three lanes of 85 bits.
#include <cstdio>
#include <string>
#include <string_view>

#include "argument/opening_claim.h"
#include "base/files.h"
#include "evm/program.h"
#include "evm/publics.h"
#include "soundness/analyze.h"
#include "statement/canonical_bytes.h"
#include "verifier/path.h"
#include "zkinfer/hex.h"

namespace zkinfer::evm {
namespace {

constexpr std::uint64_t kMaxFile = std::uint64_t{1} << 28;

// c0 + 2^85 c1 + 2^170 c2.
std::string word(const Fe& x) {
  Digest digest{};
  for (std::size_t limb = 0; limb < 3; ++limb) {
    for (std::size_t bit = 0; bit < 64; ++bit) {
      const std::size_t at = 85 * limb + bit;
      if ((x.c[limb].v >> bit & 1) != 0)
        digest[31 - at / 8] = static_cast<std::uint8_t>(digest[31 - at / 8] | 1u << at % 8);
    }
  }
  return "0x" + to_hex(digest);
}

// What the constraints put on the pads, and what they say besides.
class PadSink final : public argument::ConstraintSink {
 public:
  PadSink(std::size_t num_constraints, std::size_t num_pads, const Fe& delta) : pads(num_pads) {
    Fe power = Fe::one();
    for (std::size_t i = 0; i < num_constraints; ++i) {
      powers_.push_back(power);
      power *= delta;
    }
  }
  void add_form(std::size_t constraint, const hiding::LinearForm& form) override {
    mu -= form.constant() * powers_[constraint];
    for (const hiding::LinearForm::Term& term : form.terms()) pads[term.pad] += term.coef * powers_[constraint];
  }
  void add_term(std::size_t, argument::Term) override {}

  std::vector<Fe> pads;
  Fe mu;

 private:
  std::vector<Fe> powers_;
};

// The claim of a proof, which writes down what it is asked and what it says.
class ShownClaim final : public pcs::OpeningClaim {
 public:
  ShownClaim(const verifier::PreparedKey& prepared, const argument::OraclePins& pins,
             const statement::PublicValues& tensors, const argument::OuterMessages& outer, std::string& json)
      : prepared_(prepared),
        tensors_(tensors),
        outer_(outer),
        json_(json),
        claim_(prepared.compiled, prepared.layouts, pins, tensors, outer) {}
  const std::vector<std::vector<pcs::PowerFunctional>>& powers() const override { return claim_.powers(); }
  Value evaluate(const std::vector<pcs::BasePoint>& bases, const std::vector<Fe>& point) const override;

 private:
  // mu without what the messages say.
  Fe functional_mu() const;

  const verifier::PreparedKey& prepared_;
  const statement::PublicValues& tensors_;
  const argument::OuterMessages& outer_;
  std::string& json_;
  argument::OpeningClaim claim_;
};

std::size_t num_constraints(const verifier::PreparedKey& prepared, const argument::OuterMessages& outer) {
  return argument::ConstraintCounts(prepared.compiled, outer).total();
}

Fe ShownClaim::functional_mu() const {
  argument::OuterMessages silent = outer_;
  silent.leaves.p = silent.leaves.q = silent.rounds.claim = {};
  for (hiding::ProductForms& forms : silent.operands) forms.u = forms.v = forms.uv = {};
  for (hiding::LinearForm& form : silent.messages) form = {};
  PadSink sink(num_constraints(prepared_, outer_), prepared_.compiled.pads.layout().num_pads(), outer_.delta);
  argument::evaluate_outer(prepared_.compiled, tensors_, silent, sink);
  return sink.mu;
}

pcs::OpeningClaim::Value ShownClaim::evaluate(const std::vector<pcs::BasePoint>& bases,
                                              const std::vector<Fe>& point) const {
  const Value value = claim_.evaluate(bases, point);
  PadSink sink(num_constraints(prepared_, outer_), prepared_.compiled.pads.layout().num_pads(), outer_.delta);
  argument::evaluate_outer(prepared_.compiled, tensors_, outer_, sink);
  std::vector<Fe> words = {outer_.alpha, outer_.beta, outer_.gamma, outer_.delta};
  const auto add = [&words](const std::vector<Fe>& more) { words.insert(words.end(), more.begin(), more.end()); };
  add(outer_.leaves.point);
  add(outer_.tau);
  add(outer_.rounds.point);
  add(sink.pads);
  add(point);
  for (const pcs::BasePoint& base : bases) add(base.lane_weights);
  for (const std::vector<std::int64_t>& tensor : tensors_) {
    for (const std::int64_t x : tensor) words.emplace_back(Fp::from_int(x));
  }
  json_ += ",\n\"request\": [";
  for (std::size_t i = 0; i < words.size(); ++i) json_ += (i == 0 ? "\"" : ",\n\"") + word(words[i]) + "\"";
  json_ += "],\n\"mu\": \"" + word(functional_mu()) + "\",\n\"value\": \"" + word(value.value) +
           "\",\n\"mu_of_all\": \"" + word(value.mu) + "\"";
  return value;
}

Verdict verify_shown(const verifier::PreparedKey& prepared, const statement::Header& header, ByteView messages,
                     std::string& json) {
  Transcript transcript(verifier::kProtocolName);
  statement::absorb_statement(transcript, prepared.identity, prepared.key, header.context, header.slot, header.data);
  json += ",\n\"state\": \"0x" + to_hex(transcript.state()) + "\"";
  const verifier::DataPins data = verifier::data_pins(prepared, header.data.commitments);
  const statement::PublicValues tensors =
      statement::tensor_values(prepared.key.graph, prepared.key.visibility, header.data);
  hiding::PadAllocator pads(prepared.key.params.security.zero_knowledge);
  pads.set_layout(prepared.compiled.pads.layout());
  hiding::VerifierChannel channel(transcript, pads, messages);
  const pcs::OpeningRoots roots = verifier::receive_roots(channel, prepared, data);
  if (channel.failed()) return channel.verdict();
  const argument::OuterMessages outer = argument::receive_outer(channel, prepared.compiled);
  if (channel.failed()) return channel.verdict();
  const argument::OraclePins pins = verifier::oracle_pins(prepared, data);
  const ShownClaim claim(prepared, pins, tensors, outer, json);
  return pcs::verify_opening(prepared.key.params, claim, roots, messages.subspan(channel.bytes_read()), transcript);
}

// The most bits for which the analysis of a key that claims so many finds so many, in either regime.
std::uint32_t proven_bits(const verifier::PreparedKey& prepared) {
  pcs::OpeningParams params = prepared.key.params;
  for (std::uint32_t bits = 128; bits > 0; --bits) {
    for (const Decoding decoding : {Decoding::kJohnson, Decoding::kUnique}) {
      params.security.bits = bits;
      params.security.decoding = decoding;
      if (soundness::analyze(params, prepared.compiled.shape).bits() >= bits) return bits;
    }
  }
  return 0;
}

// beside_path: canonical bytes of the public tensor of which the proof holds only the hash.
int run(const char* key_path, const char* proof_path, const char* path_path, const char* beside_path) {
  const auto fail = [](const Status& status) {
    std::fprintf(stderr, "evm_fixture: %s\n", status.to_string().c_str());
    return 2;
  };
  const auto key_bytes = read_file(key_path, kMaxFile);
  const auto proof = read_file(proof_path, kMaxFile);
  if (!key_bytes.ok()) return fail(key_bytes.status());
  if (!proof.ok()) return fail(proof.status());
  auto key = statement::parse_key(*key_bytes);
  if (!key.ok()) return fail(key.status());
  auto prepared = verifier::prepare(std::move(key).value(), {});
  if (!prepared.ok()) return fail(prepared.status());
  if (path_path != nullptr) {
    const auto bytes = read_file(path_path, kMaxFile);
    if (!bytes.ok()) return fail(bytes.status());
    verifier::Path path;
    if (!verifier::read_path(*bytes, path).accepted()) return fail(invalid_argument("not a path"));
    for (const verifier::PathStep& step : path.steps) {
      prepared = verifier::descendant(*prepared, step);
      if (!prepared.ok()) return fail(prepared.status());
    }
  }
  const auto program = program_bytes(*prepared);
  if (!program.ok()) return fail(program.status());
  std::string json = "{\"program\": \"0x" + to_hex(*program) + "\",\n\"identity\": \"0x" + to_hex(prepared->identity) +
                     "\",\n\"security_bits\": " + std::to_string(proven_bits(*prepared));
  statement::Header header;
  statement::PublicValues beside;
  for (const auto& [id, policy] : qir::seen_tensors(prepared->key.graph, prepared->key.visibility)) {
    if (beside_path == nullptr || !policy.is_public() || policy.in_proof()) continue;
    const auto bytes = read_file(beside_path, kMaxFile);
    if (!bytes.ok()) return fail(bytes.status());
    auto values = statement::parse_canonical_bytes(prepared->key.graph.value(id), *bytes);
    if (!values.ok()) return fail(values.status());
    beside.push_back(std::move(values).value());
  }
  const Verdict verdict = verifier::verify(*prepared, *proof, beside, &header);
  json +=
      ",\n\"reason\": " + std::to_string(static_cast<int>(verdict.reason)) + ",\n\"where\": \"" + verdict.where + "\"";
  if (header.num_bytes != 0) {
    const Publics publics = publics_of(prepared->key, header.data);
    json += ",\n\"public_outputs\": \"0x" + to_hex(publics.outputs) + "\",\n\"public_inputs\": \"0x" +
            to_hex(publics.inputs) + "\"";
    const Verdict again = verify_shown(*prepared, header, ByteView(*proof).subspan(header.num_bytes), json);
    if (again.reason != verdict.reason) return fail(invalid_argument("two verdicts on one proof"));
  }
  std::printf("%s}\n", json.c_str());
  return 0;
}

}  // namespace
}  // namespace zkinfer::evm

int main(int argc, char** argv) {
  const char* beside = nullptr;
  if (argc >= 5 && std::string_view(argv[argc - 2]) == "--beside") {
    beside = argv[argc - 1];
    argc -= 2;
  }
  if (argc != 3 && argc != 4) {
    std::fprintf(stderr, "usage: evm_fixture KEY PROOF [PATH] [--beside FILE]\n");
    return 2;
  }
  return zkinfer::evm::run(argv[1], argv[2], argc == 4 ? argv[3] : nullptr, beside);
}
