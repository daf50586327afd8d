// SPDX-License-Identifier: Apache-2.0
// zkinfer/verify.h, zkinfer/generation.h, zkinfer/inspect.h, zkinfer/bundle.h and zkinfer/tensor_commitment.h.
#include "zkinfer/verify.h"

#include "arrays.h"
#include "native.h"
#include "zkinfer/bundle.h"
#include "zkinfer/formats.h"
#include "zkinfer/generation.h"
#include "zkinfer/inspect.h"
#include "zkinfer/result_json.h"
#include "zkinfer/tensor_commitment.h"

namespace zkinfer::python {

namespace {

using SharedKey = std::shared_ptr<VerificationKey>;

void bind_request(py::module_& module) {
  py::class_<KnownTensor>(module, "KnownTensor")
      .def(py::init<>())
      .def_readwrite("index", &KnownTensor::index)
      .def_readwrite("row", &KnownTensor::row)
      .def_readwrite("integers", &KnownTensor::integers)
      .def_readwrite("commitment", &KnownTensor::commitment)
      .def("set_data", [](KnownTensor& known, const py::bytes& data) { known.data = bytes_of(data); })
      .def("set_digest", [](KnownTensor& known, const py::bytes& digest) {
        const ByteView view = view_of(digest);
        if (view.size() != sizeof(Digest))
          throw StatusError{invalid_argument("a digest of " + std::to_string(view.size()) + " bytes, expected 32")};
        Digest& out = known.digest.emplace();
        std::copy(view.begin(), view.end(), out.begin());
      });
  py::class_<CheckedWeights>(module, "CheckedWeights")
      .def(py::init<>())
      .def_static("uncertified", &CheckedWeights::uncertified)
      .def_property_readonly("evidence",
                             [](const CheckedWeights& weights) { return weight_evidence_name(weights.evidence()); });
  py::class_<VerifyRequest>(module, "VerifyRequest")
      .def(py::init<>())
      .def_readwrite("weights", &VerifyRequest::weights)
      .def_readwrite("inputs", &VerifyRequest::inputs)
      .def_readwrite("outputs", &VerifyRequest::outputs)
      .def("set_context",
           [](VerifyRequest& request, const py::bytes& context) { request.context = bytes_of(context); });
}

void bind_results(py::module_& module) {
  py::class_<Verdict>(module, "Verdict")
      .def_property_readonly("accepted", &Verdict::accepted)
      .def_property_readonly("reason", [](const Verdict& verdict) { return reject_reason_name(verdict.reason); })
      .def_property_readonly("hint", [](const Verdict& verdict) { return std::string(rejection_hint(verdict.reason)); })
      .def_readonly("where", &Verdict::where);
  py::class_<VerifiedTensor, TensorInfo>(module, "VerifiedTensor")
      .def_property_readonly("integers",
                             [](const VerifiedTensor& tensor) { return to_python(tensor, tensor.integers); })
      .def_readonly("policy", &VerifiedTensor::group)
      .def_property_readonly("digest",
                             [](const VerifiedTensor& tensor) -> py::object {
                               return tensor.digest.has_value() ? py::object(to_python(*tensor.digest)) : py::none();
                             })
      .def_readonly("commitment", &VerifiedTensor::commitment);
  py::class_<VerifySummary>(module, "VerifySummary")
      .def_readonly("verdict", &VerifySummary::verdict)
      .def_property_readonly("context", [](const VerifySummary& summary) { return to_python(summary.context); })
      .def_readonly("slot", &VerifySummary::slot)
      .def_property_readonly("root_identity",
                             [](const VerifySummary& summary) { return to_python(summary.root_identity); })
      .def_property_readonly("serving_identity",
                             [](const VerifySummary& summary) { return to_python(summary.serving_identity); })
      .def_property_readonly("weights",
                             [](const VerifySummary& summary) { return weight_evidence_name(summary.weights); })
      .def_readonly("security_bits", &VerifySummary::security_bits);
  py::class_<VerifyResult, VerifySummary>(module, "VerifyResult")
      .def_readonly("outputs", &VerifyResult::outputs)
      .def_readonly("inputs", &VerifyResult::inputs);
  py::class_<VerifyJointResult, VerifyResult>(module, "VerifyJointResult")
      .def_readonly("seat", &VerifyJointResult::seat)
      .def_readonly("num_seats", &VerifyJointResult::num_seats);
  py::class_<VerifiedRow>(module, "VerifiedRow")
      .def_readonly("outputs", &VerifiedRow::outputs)
      .def_readonly("inputs", &VerifiedRow::inputs);
  py::class_<VerifyBatchResult, VerifySummary>(module, "VerifyBatchResult")
      .def_readonly("rows", &VerifyBatchResult::rows);
}

void bind_key(py::module_& module) {
  py::class_<KeyInfo>(module, "KeyInfo")
      .def_readonly("model_name", &KeyInfo::model_name)
      .def_property_readonly("structure_digest", [](const KeyInfo& info) { return to_python(info.structure_digest); })
      .def_property_readonly("model_identity", [](const KeyInfo& info) { return to_python(info.model_identity); })
      .def_property_readonly("root_identity", [](const KeyInfo& info) { return to_python(info.root_identity); })
      .def_readonly("security_bits", &KeyInfo::security_bits)
      .def_readonly("weakest_bits", &KeyInfo::weakest_bits)
      .def_readonly("pow_bits", &KeyInfo::pow_bits)
      .def_readonly("profile", &KeyInfo::profile)
      .def_readonly("zero_knowledge", &KeyInfo::zero_knowledge)
      .def_readonly("insecure_seed", &KeyInfo::insecure_seed)
      .def_readonly("inputs", &KeyInfo::inputs)
      .def_readonly("outputs", &KeyInfo::outputs)
      .def_readonly("input_tensors", &KeyInfo::input_tensors)
      .def_readonly("output_tensors", &KeyInfo::output_tensors)
      .def_readonly("tensor_budget", &KeyInfo::tensor_budget)
      .def_readonly("public_parameters", &KeyInfo::public_parameters)
      .def_readonly("model_budget", &KeyInfo::model_budget)
      .def_readonly("num_parameters", &KeyInfo::num_parameters)
      .def_property_readonly("verify_nanoseconds", [](const KeyInfo& info) { return info.verify_cost.nanoseconds; })
      .def_property_readonly("verify_memory_bytes", [](const KeyInfo& info) { return info.verify_cost.memory_bytes; });
  py::class_<VerificationKey, SharedKey>(module, "VerificationKey")
      .def_static(
          "from_bytes",
          [](const py::bytes& bytes, double min_security_bits, std::uint64_t nanoseconds, std::uint64_t memory) {
            return std::make_shared<VerificationKey>(
                must(VerificationKey::from_bytes(view_of(bytes), min_security_bits, {nanoseconds, memory})));
          })
      .def_property_readonly("info", &VerificationKey::info)
      .def("soundness_text", [](const VerificationKey& key) { return soundness_text(key); })
      .def("soundness_json", [](const VerificationKey& key) { return soundness_json(key); })
      .def("proof_sizes",
           [](const VerificationKey& key, const py::bytes& proof) { return proof_size_table(key, view_of(proof)); });
  module.attr("default_min_security_bits") = kDefaultMinSecurityBits;
  module.attr("default_verify_nanoseconds") = VerifyLimits().nanoseconds;
  module.attr("default_verify_memory_bytes") = VerifyLimits().memory_bytes;
}

// The arguments stay the caller's; short enough for the caller's own thread, without the GIL.
template <class Result, Result (*check)(const VerificationKey&, ByteView, const VerifyRequest&)>
Result checked(const VerificationKey& key, const py::bytes& proof, const VerifyRequest& request) {
  const ByteView bytes = view_of(proof);
  const py::gil_scoped_release no_gil;
  return check(key, bytes, request);
}

// zkinfer/tensor_commitment.h
void bind_tensor_commitments(py::module_& module) {
  py::class_<TensorCommitment>(module, "TensorCommitment")
      .def_static("from_bytes",
                  [](const py::bytes& bytes) { return must(TensorCommitment::from_bytes(view_of(bytes))); })
      .def("to_bytes", [](const TensorCommitment& commitment) { return to_python(commitment.to_bytes()); })
      .def_property_readonly("tensor", &TensorCommitment::tensor)
      .def_property_readonly("budget", &TensorCommitment::budget)
      .def_property_readonly("id", [](const TensorCommitment& commitment) { return to_python(commitment.id()); });
  module.def("canonical_bytes", [](const TensorInfo& tensor, const std::vector<std::int64_t>& integers) {
    return to_python(must(canonical_bytes(tensor, integers)));
  });
  module.def("hash_data",
             [](TensorHash hash, const py::bytes& bytes) { return to_python(hash_data(hash, view_of(bytes))); });
}

void bind_rule(py::module_& module) {
  const auto real = [](std::uint32_t value, double one) { return static_cast<double>(value) / one; };
  py::class_<SamplingRule>(module, "SamplingRule")
      .def_static("of",
                  [](std::optional<double> temperature, std::optional<std::int64_t> top_k, std::optional<double> top_p,
                     std::optional<double> repetition) {
                    return must(SamplingRule::of({temperature, top_p, repetition, top_k}));
                  })
      .def_property_readonly("temperature", [=](const SamplingRule& rule) { return real(rule.temperature, 1024); })
      .def_property_readonly("top_k", [](const SamplingRule& rule) { return rule.top_k; })
      .def_property_readonly("top_p", [=](const SamplingRule& rule) { return real(rule.top_p, 65536); })
      .def_property_readonly("repetition_penalty",
                             [=](const SamplingRule& rule) { return real(rule.repetition, 1024); })
      .def("__eq__", [](const SamplingRule& a, const SamplingRule& b) { return a == b; })
      .def("__str__", &SamplingRule::to_string)
      .def("__repr__", [](const SamplingRule& rule) { return "<zkinfer.SamplingRule: " + rule.to_string() + ">"; });
}

}  // namespace

void bind_verify(py::module_& module) {
  bind_tensor_commitments(module);
  bind_request(module);
  bind_results(module);
  bind_key(module);
  module.def("verify", &checked<VerifyResult, &verify>);
  module.def("verify_batch", &checked<VerifyBatchResult, &verify_batch>);
  // Of seats with their requests; a result of each, or the one that is rejected alone.
  module.def("verify_joint", [](const VerificationKey& key, const py::bytes& proof,
                                const std::vector<std::pair<py::bytes, VerifyRequest>>& seats) {
    std::vector<SeatRequest> requests;
    for (const auto& [seat, request] : seats) requests.push_back({view_of(seat), request});
    const ByteView bytes = view_of(proof);
    const py::gil_scoped_release no_gil;
    return verify_joint(key, bytes, requests);
  });
  module.def("weights_from_certificate", [](const VerificationKey& key, const py::bytes& certificate) {
    const ByteView bytes = view_of(certificate);
    CheckedWeights weights;
    Verdict verdict;
    {
      const py::gil_scoped_release no_gil;
      verdict = CheckedWeights::from_certificate(key, bytes, weights);
    }
    return py::make_tuple(verdict, weights);
  });
  module.def("check_link",
             [](const VerifiedTensor& output, const VerifiedTensor& input) { return check_link(output, input); });
  // Steps of key, proof, request, output, input; gives verdict, step, results.
  using Step = std::tuple<SharedKey, py::bytes, VerifyRequest, std::size_t, std::size_t>;
  module.def("verify_chain", [](const std::vector<Step>& given) {
    std::vector<ChainStep> steps;
    for (const auto& [key, proof, request, output, input] : given)
      steps.push_back({key.get(), view_of(proof), request, output, input});
    ChainResult result;
    {
      const py::gil_scoped_release no_gil;
      result = verify_chain(steps);
    }
    return py::make_tuple(result.verdict, result.step, result.steps);
  });
  module.def("verify_rotation",
             [](const VerificationKey& before, const VerificationKey& after, const py::bytes& rotation) {
               const ByteView bytes = view_of(rotation);
               const py::gil_scoped_release no_gil;
               return verify_rotation(before, after, bytes);
             });
  module.def("verify_path", [](const VerificationKey& root, const py::bytes& path) {
    const ByteView bytes = view_of(path);
    PathResult result;
    {
      const py::gil_scoped_release no_gil;
      result = verify_path(root, bytes);
    }
    py::object key = py::none();
    if (result.key.has_value()) key = py::cast(std::make_shared<VerificationKey>(std::move(*result.key)));
    return py::make_tuple(result.verdict, key);
  });
  py::class_<CausalModel, std::shared_ptr<CausalModel>>(module, "CausalModel")
      .def_static("of", [](const VerificationKey& key) {
        const py::gil_scoped_release no_gil;
        return std::make_shared<CausalModel>(must(CausalModel::of(key)));
      });
  bind_rule(module);
  // Verdict, prompt and answer (None: hidden), context, rule, whether what was drawn came from the context, tokens of prompt and answer.
  // Of a turn of a conversation behind the one before it, if any; how many tokens are before it comes last.
  module.def("check_generation", [](const CausalModel& model, const VerifyResult& inference,
                                    const std::optional<SamplingRule>& demanded, const VerifyResult* before) {
    const GenerationResult result = check_turn(model, inference, before, demanded);
    const auto shown = [](bool is_shown, const std::vector<std::int64_t>& tokens) {
      return is_shown ? std::optional(tokens) : std::nullopt;
    };
    return py::make_tuple(result.verdict, shown(result.shown.prompt, result.prompt),
                          shown(result.shown.answer, result.answer), to_python(result.context), result.sampling,
                          result.seeded(), result.num_prompt, result.num_answer, result.num_before);
  });
  module.def("reads_text", &reads_text);
  module.def("is_generation",
             [](const py::bytes& context) { return read_generation_context(view_of(context)).has_value(); });
  module.def("claimed_identity", [](const py::bytes& proof) -> py::object {
    const std::optional<Digest> identity = claimed_identity(view_of(proof));
    return identity.has_value() ? py::object(to_python(*identity)) : py::none();
  });
  module.def("claimed_rows", [](const py::bytes& batch) { return claimed_rows(view_of(batch)); });
  module.def("kind_of", [](const py::bytes& head) -> std::string {
    const FileFormat* format = find_format(view_of(head));
    return format == nullptr ? std::string() : std::string(format->name);
  });
  module.def("parse_bundle", [](const py::bytes& bytes) {
    const ProofBundle bundle = must(parse_bundle(view_of(bytes)));
    return py::make_tuple(to_python(bundle.certificate), to_python(bundle.path), to_python(bundle.proof));
  });
}

}  // namespace zkinfer::python
