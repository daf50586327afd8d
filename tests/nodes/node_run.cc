// SPDX-License-Identifier: Apache-2.0
#include "nodes/node_run.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

#include "exec/float/float_executor.h"
#include "frontend/onnx/importer.h"
#include "ir/op_table.h"
#include "passes/legalize.h"
#include "zkinfer/compile.h"
#include "zkinfer/prove.h"

namespace zkinfer::nodes {

namespace {

using Reals = std::vector<double>;

Reals reals_of(const AnyTensor& tensor) {
  return std::visit([](const auto& t) { return Reals(t.data().begin(), t.data().end()); }, tensor);
}

FloatTensor floats_of(const AnyTensor& tensor) {
  if (const auto* floats = std::get_if<FloatTensor>(&tensor)) return *floats;
  const auto& integers = std::get<IntTensor>(tensor);
  FloatTensor out(integers.shape());
  std::copy(integers.data().begin(), integers.data().end(), out.data().begin());
  return out;
}

Tensor given(const AnyTensor& tensor) {
  return std::visit([](const auto& t) { return Tensor(t.shape().dims(), t.data()); }, tensor);
}

struct Difference {
  double error = 0;  // infinite where the shape or an integer differs
  std::string text;
};

double largest_of(const Reals& values) {
  double largest = 0;
  for (const double x : values) {
    if (std::isfinite(x)) largest = std::max(largest, std::abs(x));
  }
  return largest;
}

// Errors are of `largest`.
Difference compare(const Reals& got, const Reals& want, bool exact, double largest) {
  Difference out;
  if (got.size() != want.size())
    return {INFINITY, std::to_string(got.size()) + " elements, expected " + std::to_string(want.size())};
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i] == want[i] || (std::isnan(got[i]) && std::isnan(want[i]))) continue;
    const double apart = std::abs(got[i] - want[i]);
    const bool finite = std::isfinite(apart) && !exact;
    const double error = finite ? apart / std::max(largest, 1e-6) : INFINITY;
    if (error <= out.error) continue;
    out.error = error;
    out.text = "element " + std::to_string(i) + ": " + std::to_string(got[i]) + ", expected " + std::to_string(want[i]);
  }
  return out;
}

// That of the ONNX project, which computes in the type that the output has; we compute in float32.
bool holds_tolerance_of_onnx(const Reals& got, const Reals& want, std::int32_t type) {
  const double relative = type == onnx::TensorProto::BFLOAT16 ? 1e-2 : 1e-3;
  if (got.size() != want.size()) return false;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i] == want[i] || (std::isnan(got[i]) && std::isnan(want[i]))) continue;
    if (!(std::abs(got[i] - want[i]) <= 1e-5 + relative * std::abs(want[i]))) return false;
  }
  return true;
}

// Every input once as it is, and changed by up to 5 % without leaving its range: functions need not be defined elsewhere.
std::vector<std::vector<Tensor>> calibration_of(const std::vector<AnyTensor>& inputs) {
  constexpr int kSets = 4;
  std::mt19937 random(7);
  std::vector<std::vector<Tensor>> sets;
  for (int set = 0; set < kSets; ++set) {
    std::vector<Tensor> tensors;
    for (const AnyTensor& input : inputs) {
      const auto* floats = std::get_if<FloatTensor>(&input);
      if (set == 0 || floats == nullptr || floats->num_elements() == 0) {
        tensors.push_back(given(input));
        continue;
      }
      FloatTensor changed = *floats;
      const auto [lo, hi] = std::minmax_element(floats->data().begin(), floats->data().end());
      for (float& x : changed.data()) {
        x *= 1 + std::uniform_real_distribution<float>(-0.05F, 0.05F)(random);
        x = std::min(std::max(x, *lo), *hi);
      }
      tensors.push_back(given(changed));
    }
    sets.push_back(std::move(tensors));
  }
  return sets;
}

std::vector<TensorView> views_of(const std::vector<Tensor>& tensors) { return {tensors.begin(), tensors.end()}; }

// What a step made of the case: a value, or the outcome that ends this binding.
struct End {
  Outcome::State state = Outcome::State::kPassed;
  std::string reason;
  bool ended() const { return state != Outcome::State::kPassed; }
};

End refused_or_failed(const char* step, const Status& status) {
  const bool bug = status.code() == StatusCode::kInternal;
  return {bug ? Outcome::State::kFailed : Outcome::State::kRefused,
          bug ? std::string(step) + ": " + status.to_string() : status.message()};
}
End failed(std::string reason) { return {Outcome::State::kFailed, std::move(reason)}; }

class Run {
 public:
  Run(const NodeCase& test, Binding binding, const std::filesystem::path& folder)
      : test_(test), bound_(bind(test, binding)), path_((folder / "model.onnx").string()) {
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bound_.model.data()), static_cast<std::streamsize>(bound_.model.size()));
    for (const std::size_t i : bound_.run_time) inputs_.push_back(test.inputs[i]);
    if (binding == Binding::kAll) inputs_.emplace_back(FloatTensor(Shape({1})));
    exact_.resize(test.outputs.size());
    // Integers that are rounded from floats are judged as numbers; a constant integer comes out as a float plus zero.
    const bool whole = std::all_of(inputs_.begin(), inputs_.end(),
                                   [](const AnyTensor& input) { return std::holds_alternative<IntTensor>(input); });
    for (std::size_t i = 0; i < exact_.size(); ++i) exact_[i] = whole && is_exact(test, i);
  }

  End go(bool prove, Outcome& outcome) {
    if (const End end = inputs_in_range(); end.ended()) return end;
    if (const End end = in_float(); end.ended()) return end;
    if (const End end = legalized_in_float(outcome); end.ended()) return end;
    if (const End end = compile(); end.ended()) return end;
    if (const End end = in_integers(outcome); end.ended()) return end;
    return prove ? proof(outcome) : End{};
  }

 private:
  // What no integer program takes, and what float32 cannot hold: the float reference would compute something else.
  End inputs_in_range() const {
    for (const AnyTensor& input : inputs_) {
      const Reals reals = reals_of(input);
      if (std::any_of(reals.begin(), reals.end(), [](double x) { return !std::isfinite(x); }))
        return {Outcome::State::kRefused, "an input at run time holds infinity or NaN"};
      if (std::holds_alternative<IntTensor>(input) &&
          std::any_of(reals.begin(), reals.end(), [](double x) { return std::abs(x) > (1 << 24); }))
        return {Outcome::State::kRefused, "an integer input at run time above 2^24"};
    }
    return {};
  }

  // As imported, in float: what the operator means.
  End in_float() {
    auto graph = frontend_onnx::import_onnx_file(path_);
    if (!graph.ok()) return refused_or_failed("import", graph.status());
    graph_ = std::move(*graph);
    for (const AnyTensor& input : inputs_) floats_.push_back(floats_of(input));
    return agrees_with_onnx(graph_, "in float");
  }

  End legalized_in_float(Outcome& outcome) const {
    const auto legal = passes::legalize(graph_);
    if (!legal.ok()) return refused_or_failed("legalize", legal.status());
    for (const ir::Node& node : legal->nodes) outcome.core.emplace(ir::op_name(node.op));
    return agrees_with_onnx(*legal, "legalized, in float");
  }

  End agrees_with_onnx(const ir::Graph& graph, const char* step) const {
    const auto outputs = float_outputs(graph, floats_);
    if (!outputs.ok()) return refused_or_failed(step, outputs.status());
    for (std::size_t i = 0; i < outputs->size(); ++i) {
      const Reals want = reals_of(test_.outputs[i]);
      const auto& type = test_.model.graph().output(static_cast<int>(i)).type().tensor_type();
      if (!holds_tolerance_of_onnx((*outputs)[i], want, type.elem_type()))
        return failed(std::string(step) + ", output " + std::to_string(i) + ": " +
                      compare((*outputs)[i], want, false, largest_of(want)).text);
    }
    return {};
  }

  Result<std::vector<Reals>> float_outputs(const ir::Graph& graph, const std::vector<FloatTensor>& inputs) const {
    if (inputs.size() != graph.inputs.size())
      return internal_error(std::to_string(graph.inputs.size()) + " inputs imported of " +
                            std::to_string(inputs.size()));
    TensorMap named;
    for (std::size_t i = 0; i < inputs.size(); ++i) named.emplace(graph.value(graph.inputs[i]).name, inputs[i]);
    ZKI_ASSIGN_OR_RETURN(const TensorMap outputs, exec_float::run_float(graph, named));
    std::vector<Reals> out;
    for (const ir::ValueId id : graph.outputs) out.push_back(reals_of(outputs.at(graph.value(id).name)));
    if (out.size() != test_.outputs.size()) return internal_error("outputs are missing");
    return out;
  }

  End compile() {
    const std::vector<std::vector<Tensor>> sets = calibration_of(inputs_);
    std::vector<std::vector<TensorView>> calibration;
    for (const auto& set : sets) calibration.push_back(views_of(set));
    find_largest(sets);
    auto model = compile_network(path_, calibration);
    if (!model.ok()) return refused_or_failed("compile", model.status());
    model_ = std::move(*model);
    return {};
  }

  // Of each output, the largest number on the calibration inputs: near a pole (Tan), a range that holds all of them decides.
  void find_largest(const std::vector<std::vector<Tensor>>& sets) {
    for (const AnyTensor& output : test_.outputs) largest_.push_back(largest_of(reals_of(output)));
    for (const std::vector<Tensor>& set : sets) {
      std::vector<FloatTensor> floats = floats_;
      for (std::size_t i = 0; i < set.size(); ++i) {
        if (set[i].dtype() == Dtype::kFloat32) std::ranges::copy(set[i].values<float>(), floats[i].data().begin());
      }
      const auto outputs = float_outputs(graph_, floats);
      if (!outputs.ok()) continue;
      for (std::size_t i = 0; i < outputs->size(); ++i) largest_[i] = std::max(largest_[i], largest_of((*outputs)[i]));
    }
  }

  End in_integers(Outcome& outcome) {
    for (const AnyTensor& input : inputs_) tensors_.push_back(given(input));
    auto run = model_->run(views_of(tensors_));
    if (!run.ok()) return refused_or_failed("run", run.status());
    integers_ = std::move(run->outputs);
    const std::vector<TensorInfo> infos = model_->outputs();
    std::vector<Reals> got;
    for (std::size_t i = 0; i < integers_.size(); ++i) {
      Reals reals;
      for (const std::int64_t x : integers_[i]) reals.push_back(static_cast<double>(x) * infos[i].format.scale());
      got.push_back(std::move(reals));
    }
    if (got.size() != test_.outputs.size()) return failed("run: outputs are missing");
    for (std::size_t i = 0; i < infos.size(); ++i) {
      const std::string& name = graph_.value(graph_.outputs[i]).name;
      if (infos[i].name != name) return failed("output '" + name + "' is called '" + infos[i].name + "'");
    }
    Difference worst;
    for (std::size_t i = 0; i < got.size(); ++i) {
      const Difference difference = compare(got[i], reals_of(test_.outputs[i]), exact_[i], largest_[i]);
      if (difference.error > worst.error)
        worst = {difference.error, "output " + std::to_string(i) + ", " + difference.text};
    }
    outcome.error = worst.error;
    if (worst.error <= kLargestError) return {};
    outcome.rounded = true;
    return holds_for_rounded_inputs(got) ? End{} : failed("in integers, " + worst.text);
  }

  // Whether the integers are those of the float model at the inputs that the integer model sees: a step, or a steep slope,
  // between an input and its rounding is no fault of the operator.
  bool holds_for_rounded_inputs(const std::vector<Reals>& got) const {
    std::vector<FloatTensor> rounded;
    const std::vector<TensorInfo> infos = model_->inputs();
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      const auto integers = to_integers(infos[i], tensors_[i]);
      if (!integers.ok()) return false;
      FloatTensor tensor(shape_of(inputs_[i]));
      for (std::size_t k = 0; k < integers->size(); ++k)
        tensor[k] = static_cast<float>(static_cast<double>((*integers)[k]) * infos[i].format.scale());
      rounded.push_back(std::move(tensor));
    }
    const auto want = float_outputs(graph_, rounded);
    if (!want.ok()) return false;
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (compare(got[i], (*want)[i], exact_[i], largest_[i]).error > kLargestError) return false;
    }
    return true;
  }

  End proof(Outcome& outcome) const {
    CommitOptions options;
    options.budget = 2;
    options.security.pow_bits = 2;  // queries make up for it
    auto prover = Prover::create(*model_, options);
    if (!prover.ok()) return refused_or_failed("commit", prover.status());
    auto proven = prover->prove(views_of(tensors_));
    if (!proven.ok()) return refused_or_failed("prove", proven.status());
    if (proven->outputs != integers_) return failed("the proof's outputs are not those of the integer execution");
    auto key = VerificationKey::from_bytes(prover->verification_key());
    if (!key.ok()) return failed("key: " + key.status().to_string());
    const VerifyResult result = verify(*key, proven->proof, proven->statement);
    if (!result.verdict.accepted()) return failed("verify: " + result.verdict.to_string());
    for (std::size_t i = 0; i < integers_.size(); ++i) {
      if (result.outputs[i].integers != integers_[i]) return failed("verify shows other outputs than the prover's");
    }
    Bytes changed = proven->proof;
    changed[changed.size() / 2] ^= 1;
    if (verify(*key, changed, proven->statement).verdict.accepted()) return failed("a changed proof is accepted");
    outcome.proved = true;
    return {};
  }

  const NodeCase& test_;
  BoundCase bound_;
  std::string path_;
  std::vector<AnyTensor> inputs_;
  std::vector<bool> exact_;
  ir::Graph graph_;
  std::vector<FloatTensor> floats_;
  std::vector<double> largest_;
  std::optional<Model> model_;
  std::vector<Tensor> tensors_;
  std::vector<std::vector<std::int64_t>> integers_;
};

}  // namespace

const char* state_name(Outcome::State state) {
  switch (state) {
    case Outcome::State::kPassed: return "passed";
    case Outcome::State::kRefused: return "refused";
    case Outcome::State::kNoMeaning: return "no meaning";
    case Outcome::State::kFailed: return "FAILED";
  }
  return "";
}

Outcome run_case(const NodeCase& test, const std::filesystem::path& folder, bool prove) {
  Outcome out;
  if (!test.no_meaning.empty()) {
    out.state = Outcome::State::kNoMeaning;
    out.reason = test.no_meaning;
    return out;
  }
  if (!test.readable.ok()) {
    const End end = refused_or_failed("data", test.readable);
    out.state = end.state;
    out.reason = "its data: " + end.reason;
    out.refusals = {out.reason};
    return out;
  }
  std::vector<std::string> refusals;
  for (const Binding binding : {Binding::kNone, Binding::kIntegers, Binding::kRest, Binding::kAll}) {
    if (!differs_from_earlier(test, binding)) continue;
    out = {};
    out.binding = binding;
    const End end = Run(test, binding, folder).go(prove, out);
    out.state = end.state;
    out.reason = end.reason;
    if (end.ended()) out.reason += std::string(" [") + binding_name(binding) + "]";
    if (end.state != Outcome::State::kRefused) break;
    refusals.push_back(out.reason);
  }
  out.refusals = std::move(refusals);
  return out;
}

}  // namespace zkinfer::nodes
