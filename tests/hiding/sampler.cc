// SPDX-License-Identifier: Apache-2.0
#include "hiding/sampler.h"

#include <algorithm>
#include <utility>

#include "base/big_endian.h"
#include "base/check.h"
#include "prover/prf.h"
#include "relations/recipes.h"
#include "support/session.h"

namespace zkinfer::e2e {

namespace {

using prover::RandomStream;

constexpr std::uint64_t kUniformStream = 101;  // beside the streams of a proof
constexpr std::uint64_t kCommitmentStream = 1000;

Digest digest_of(std::uint64_t number, std::uint8_t use) {
  Digest out{};
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<std::uint8_t>(number >> (8 * i));
  out[31] = use;
  return out;
}

Digest fixed_key() { return digest_of(0, 1); }

class Zeros final : public hiding::RandomSource {
 public:
  void fill(FpSpan out) override { std::fill(out.begin(), out.end(), Fp()); }
};

struct Segment {
  std::string source;
  std::size_t end = 0;
};

std::string numbered(const char* source, std::size_t index) { return source + (" " + std::to_string(index)); }

// The same message under other random rows.
pcs::CommittedOracle with_rows(const pcs::CommittedOracle& oracle, hiding::RandomSource& random) {
  const pcs::CodeParams& params = oracle.params();
  FpVec message(params.num_lanes() * params.num_coefs);
  for (std::size_t lane = 0; lane < params.num_lanes(); ++lane) {
    const FpVec values = oracle.lane(lane);
    std::copy_n(values.begin(), params.num_coefs, message.begin() + lane * params.num_coefs);
  }
  return {params, message.span(), random};
}

}  // namespace

Policy Policy::only(const std::string& source, Supply supply) {
  Policy policy;
  policy.supply = [=](const std::string& other) { return other == source ? supply : Supply::kFixed; };
  return policy;
}

Policy Policy::all_but(const std::string& source, Supply supply) {
  Policy policy;
  policy.supply = [=](const std::string& other) { return other == source ? supply : Supply::kFresh; };
  return policy;
}

// The hook of one proof.
struct Sampler::Control {
  Sampler& sampler;
  const Policy& policy;
  std::map<RandomStream, std::size_t> num_calls{};

  // Which source the elements of a call serve.
  std::vector<Segment> segments(RandomStream stream, std::size_t call, std::size_t size) const {
    const pcs::OpeningParams& params = sampler.params();
    const hiding::PadLayout& layout = sampler.compiled().pads.layout();
    switch (stream) {
      case RandomStream::kPads: {
        // The zero-check is the last to take plain pads; behind them A, B of every triple and of the random row.
        const std::size_t rounds = 2 * static_cast<std::size_t>(layout.log_triple_rows());
        return {{kMessagePads, 3 * (layout.num_plain - rounds)},
                {kZerocheckPads, 3 * layout.num_plain},
                {kMessagePads, size - 6},
                {kRandomRow, size}};
      }
      case RandomStream::kBlind: return {{kBlind, size}};
      case RandomStream::kWitnessRows: return {{kWitnessRows, size}};
      case RandomStream::kMask:
        if (call == 1) return {{kMaskPartner, size}};
        return {{kMaskPads, 3 * params.mask.num_coefs}, {kMaskRows, size}};
      case RandomStream::kFoldRows: {
        std::size_t fold = 0;
        while (call >= params.folds[fold].num_lanes()) call -= params.folds[fold++].num_lanes();
        return {{numbered(kFoldRows, fold), size}};
      }
    }
    return {};
  }

  void operator()(RandomStream stream, FpSpan elements) {
    const std::size_t call = num_calls[stream]++;
    FpVec& same = sampler.fixed_[{stream, call}];
    if (same.empty()) {
      same = FpVec(elements.size());
      prover::PrfStream(fixed_key(), 1000 * static_cast<std::uint64_t>(stream) + call).fill(same.span());
    }
    std::size_t i = 0;
    for (const Segment& segment : segments(stream, call, elements.size())) {
      const Supply supply = policy.supply(segment.source);
      for (; i < segment.end; ++i) {
        if (supply == Supply::kFixed) elements[i] = same[i];
        if (supply == Supply::kOff)
          elements[i] = Fp(segment.source == kBlind && i == 0 ? 1 : 0);  // the blind is a factor
      }
    }
    if (policy.edit) policy.edit(stream, call, elements);
  }
};

Sampler::Sampler(Twins twins) : twins_(std::move(twins)) {
  const auto compiled = relations::compile(twins_.graph, true, twins_.visibility);
  ZKI_CHECK(compiled.ok(), "the graph of a test has a circuit");
  const pcs::OpeningParams params = tiny_params(*compiled, twins_.visibility);
  for (std::size_t twin = 0; twin < 2; ++twin) {
    auto model = prover::recommit_model(twins_.graph, twins_.params[twin], params, twins_.visibility, test_seed(1));
    ZKI_CHECK(model.ok(), "the graph of a test has a commitment");
    witnesses_[twin].model = std::move(model).value();
    if (!twins_.visibility.inputs.is_committed()) continue;
    const std::size_t first = params.data.size() - twins_.graph.inputs.size();
    for (std::size_t i = 0; i < twins_.graph.inputs.size(); ++i) {
      auto data = prover::commit_tensor(twins_.inputs[twin][i], params.data[first + i], test_seed(2));
      ZKI_CHECK(data.ok(), "the input of a test has a commitment");
      witnesses_[twin].inputs.push_back(std::move(data).value());
    }
  }
  if (params.model_budget > 0) sources_.emplace_back(kModelRows);
  for (std::size_t i = 0; i < params.data.size(); ++i) sources_.push_back(numbered(kDataRows, i));
  for (const char* source : {kBlind, kMessagePads, kZerocheckPads, kRandomRow, kWitnessRows})
    sources_.emplace_back(source);
  for (std::size_t fold = 0; fold < params.folds.size(); ++fold) sources_.push_back(numbered(kFoldRows, fold));
  for (const char* source : {kMaskPads, kMaskRows, kMaskPartner}) sources_.emplace_back(source);
  read_messages();
}

bool Sampler::supply_rows(std::size_t twin, std::uint64_t number, const std::string& source, Supply supply,
                          pcs::CommittedOracle& oracle) {
  const std::string rows = supply == Supply::kOff ? "off" : supply == Supply::kFixed ? "fixed" : std::to_string(number);
  if (std::exchange(witnesses_[twin].rows[source], rows) == rows) return false;
  const auto index = static_cast<std::uint64_t>(std::find(sources_.begin(), sources_.end(), source) - sources_.begin());
  prover::PrfStream random(
      supply == Supply::kFixed ? fixed_key() : digest_of(number, static_cast<std::uint8_t>(2 + twin)),
      kCommitmentStream + index);
  Zeros zeros;
  oracle = supply == Supply::kOff ? with_rows(oracle, zeros) : with_rows(oracle, random);
  return true;
}

void Sampler::supply_commitments(std::size_t twin, std::uint64_t number, const Policy& policy) {
  Witness& witness = witnesses_[twin];
  statement::Key& key = witness.model.prepared.key;
  if (key.params.model_budget > 0 &&
      supply_rows(twin, number, kModelRows, policy.supply(kModelRows), witness.model.oracle)) {
    key.commitment.root = witness.model.oracle.root();
    witness.model.prepared.ood_point = statement::ood_point(key.graph, key.params, key.commitment.root);
    key.commitment.ood_value = pcs::ood_value(witness.model.oracle, witness.model.prepared.ood_point);
    witness.model.prepared.identity = key.identity();
  }
  const std::size_t first = key.params.data.size() - witness.inputs.size();
  for (std::size_t i = 0; i < witness.inputs.size(); ++i) {
    prover::CommittedValues& data = witness.inputs[i];
    const std::string source = numbered(kDataRows, first + i);
    if (!supply_rows(twin, number, source, policy.supply(source), data.oracle)) continue;
    data.commitment.root = data.oracle.root();
    data.commitment.ood_value =
        pcs::ood_value(data.oracle, statement::data_point(data.params, data.values.size(), data.commitment.root));
  }
}

prover::Proof Sampler::prove(std::size_t twin, std::uint64_t number, const Policy& policy,
                             std::vector<std::string>* labels) {
  supply_commitments(twin, number, policy);
  Control control{*this, policy};
  prover::ProveHooks hooks;
  hooks.randomness = [&](RandomStream stream, FpSpan elements) { control(stream, elements); };
  if (labels != nullptr) hooks.messages = [&](std::size_t, const char* label, Fe&) { labels->emplace_back(label); };
  prover::ProveRequest request;
  request.inputs = twins_.inputs[twin];
  for (const prover::CommittedValues& data : witnesses_[twin].inputs) request.committed_inputs.push_back(&data);
  request.entropy = digest_of(number, 0);
  request.hooks = &hooks;
  auto proof = prover::prove(witnesses_[twin].model, request);
  ZKI_CHECK(proof.ok(), "the input of a test has a proof");
  return std::move(proof).value();
}

void Sampler::read_messages() {
  std::vector<std::string> outer;
  const prover::Proof proof = prove(0, 0, {}, &outer);
  std::size_t next = 0;
  const auto add = [&](const std::string& label, const std::string& source, MessageKind kind, std::size_t num_bytes) {
    messages_.push_back({label, source, kind, next, num_bytes});
    next += num_bytes;
  };
  const auto add_element = [&](const std::string& label, const std::string& source) {
    add(label, source, MessageKind::kElement, 24);
  };
  if (params().has_model) {
    const std::string source = params().model_budget > 0 ? kModelRows : "";
    add("model root", source, MessageKind::kDigests, 32);
    add("model value", source, MessageKind::kElement, 24);
  }
  next = statement::header_size(twins_.graph, twins_.visibility) - params().data.size() * statement::kCommitmentBytes;
  for (std::size_t i = 0; i < params().data.size(); ++i) {
    add("data root", numbered(kDataRows, i), MessageKind::kDigests, 32);
    add_element("data value", numbered(kDataRows, i));
  }
  add("witness root", kWitnessRows, MessageKind::kDigests, 32);
  add("mask root", kMaskPartner, MessageKind::kDigests, 32);
  std::size_t num_mask_values = 0;
  for (const std::string& label : outer) {
    if (label == "mask value") {
      add_element(label, num_mask_values++ == 0 ? kMaskRows : kMaskPartner);
    } else if (label == "lookup root") {
      add_element(label, kBlind);
    } else if (label.starts_with("zerocheck")) {
      add_element(label, label == "zerocheck round" ? kZerocheckPads : kRandomRow);
    } else {
      add_element(label, kMessagePads);
    }
  }
  std::size_t num_fold_roots = 0;
  std::size_t num_fold_rows = 0;
  std::size_t num_data_rows = 0;
  std::string rows_source;
  for (const pcs::ProofSection& section : proof.opening_sections) {
    const std::string label = section.label;
    ZKI_CHECK_EQ(section.begin, next, "the opening's sections follow the outer messages");
    if (label == "fold root") {
      add(label, numbered(kFoldRows, num_fold_roots++), MessageKind::kDigests, 32);
    } else if (label == "opening nonce") {
      add(label, "", MessageKind::kNonce, 8);
    } else if (label == "siblings") {
      add(label, rows_source, MessageKind::kDigests, section.num_bytes);
    } else if (label.ends_with("rows")) {
      rows_source = label;
      if (label == kFoldRows) rows_source = numbered(kFoldRows, num_fold_rows++);
      if (label == kDataRows) rows_source = numbered(kDataRows, num_data_rows++);
      if (label == kMaskRows) rows_source = kMaskPartner;
      if (label == kModelRows && params().model_budget == 0) rows_source.clear();
      add(label, rows_source, MessageKind::kRows, section.num_bytes);
    } else {
      add_element(label, label.starts_with("mask") ? kMaskPartner : kMaskPads);
    }
  }
  ZKI_CHECK_EQ(next, proof.bytes.size(), "the messages cover the proof");
  for (std::size_t i = 0; i < messages_.size(); ++i) {
    const Message& message = messages_[i];
    if (message.kind == MessageKind::kNonce) continue;
    const std::size_t step = message.kind == MessageKind::kDigests ? 32 : 8;
    for (std::size_t part = 0; part < message.num_bytes / step; ++part) {
      const bool of_x = message.label == kMaskRows && part % pcs::kMaskLeafValues < 3;
      words_.push_back({i, part, of_x ? kMaskRows : message.source, message.kind != MessageKind::kDigests});
    }
  }
}

std::string Sampler::name(std::size_t word) const {
  const Message& message = messages_[words_[word].message];
  return message.label + " (message " + std::to_string(words_[word].message) + ", part " +
         std::to_string(words_[word].part) + ")";
}

std::vector<std::size_t> Sampler::words_of(const std::string& source, bool field_only) const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (words_[i].source == source && (words_[i].is_field || !field_only)) out.push_back(i);
  }
  return out;
}

std::vector<std::uint64_t> Sampler::words_of_proof(const statement::Commitment& commitment, const Bytes& proof) const {
  ZKI_CHECK_EQ(proof.size(), messages_.back().begin + messages_.back().num_bytes,
               "proofs under fixed challenges have one length");
  Bytes root(commitment.root.begin(), commitment.root.end());
  std::vector<std::uint64_t> out;
  for (const Word& word : words_) {
    const Message& message = messages_[word.message];
    if (message.label == "model root") {
      out.push_back(load_big_endian(root.data()));
    } else if (message.label == "model value") {
      out.push_back(commitment.ood_value.c[word.part].v);
    } else {
      out.push_back(
          load_big_endian(proof.data() + message.begin + word.part * (message.kind == MessageKind::kDigests ? 32 : 8)));
    }
  }
  return out;
}

std::vector<std::uint64_t> Sampler::prove_words(std::size_t twin, std::uint64_t number, const Policy& policy) {
  const Bytes proof = prove(twin, number, policy, nullptr).bytes;
  return words_of_proof(prepared(twin).key.commitment, proof);
}

Observation Sampler::observe(std::size_t twin, std::uint64_t number, const Policy& policy) {
  Observation out;
  out.proof = prove(twin, number, policy, nullptr).bytes;
  out.words = words_of_proof(prepared(twin).key.commitment, out.proof);
  out.accepted = verifier::verify(prepared(twin), out.proof, nullptr).accepted();
  return out;
}

Samples Sampler::sample(std::size_t twin, std::size_t num_proofs, const Policy& policy) {
  Samples out;
  for (std::size_t i = 0; i < num_proofs; ++i) {
    // The verifier looks at every eighth proof: it takes as long as the prover.
    if (i % 8 == 0) {
      const Observation observation = observe(twin, i, policy);
      ZKI_CHECK(observation.accepted, "an honest proof");
      out.push_back(observation.words);
    } else {
      out.push_back(prove_words(twin, i, policy));
    }
  }
  return out;
}

Samples Sampler::uniform(std::size_t num_proofs, std::uint64_t seed) const {
  prover::PrfStream random(digest_of(seed, 0xff), kUniformStream);
  Samples out(num_proofs);
  for (auto& sample : out) {
    FpVec values(words_.size());
    random.fill(values.span());
    for (const Fp x : values) sample.push_back(x.v);
  }
  return out;
}

}  // namespace zkinfer::e2e
