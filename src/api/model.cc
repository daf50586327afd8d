// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <type_traits>

#include "api/key_impl.h"
#include "api/model_impl.h"
#include "api/tensor_commitment_impl.h"
#include "base/text.h"
#include "exec/integer/executor.h"
#include "exec/integer/saturation.h"
#include "formats/frame.h"
#include "quant/scale.h"
#include "segments/split.h"

namespace zkinfer {

namespace {

std::vector<TensorInfo> describe(const qir::QGraph& graph, const std::vector<qir::ValueId>& ids) {
  std::vector<TensorInfo> out;
  for (const qir::ValueId id : ids) out.push_back(api::tensor_info(graph.value(id)));
  return out;
}

std::string short_number(double x) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.9g", x);
  return buffer;
}

}  // namespace

namespace api {

Status check_whole(const std::vector<WholeTensor>& whole, const std::string& input, const TensorView& values) {
  const auto found = std::ranges::find_if(whole, [&](const WholeTensor& w) { return w.is_input && w.name == input; });
  if (found == whole.end()) return {};
  Status status;
  with_dtype(values.dtype, [&](auto type) {
    using T = decltype(type);
    const auto count = static_cast<std::size_t>(values.num_elements());
    for (std::size_t i = 0; i < count; ++i) {
      const T x = values.at<T>(i);
      bool fits = true;
      if constexpr (std::is_floating_point_v<T>) {
        fits = std::floor(x) == x;  // of NaN and infinities others say what is wrong
        if (!std::isfinite(x)) continue;
      }
      if (fits && found->lo < found->hi) {
        const auto real = static_cast<double>(x);
        fits = real >= static_cast<double>(found->lo) && real <= static_cast<double>(found->hi);
      }
      if (fits) continue;
      status = out_of_range("input " + in_quotes(input) + ": element " + std::to_string(i) + " is " +
                            short_number(static_cast<double>(x)) + ", and the network takes " + found->to_string());
      return;
    }
  });
  return status;
}

Status check_input_count(std::size_t got, std::size_t expected) {
  if (got == expected) return ok_status();
  return invalid_argument("the model has " + std::to_string(expected) + " inputs, got " + std::to_string(got) +
                          " tensors");
}

Result<std::vector<std::vector<std::int64_t>>> quantize_inputs(const qir::QGraph& graph,
                                                               const std::vector<WholeTensor>& whole,
                                                               std::span<const TensorView> inputs,
                                                               std::vector<Clipping>& clipping) {
  ZKI_RETURN_IF_ERROR(check_input_count(inputs.size(), graph.inputs.size()));
  std::vector<std::vector<std::int64_t>> out;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TensorInfo info = tensor_info(graph.value(graph.inputs[i]));
    ZKI_ASSIGN_OR_RETURN(auto integers, to_integers(info, inputs[i], &clipping.emplace_back()));
    ZKI_RETURN_IF_ERROR(check_whole(whole, info.name, inputs[i]));
    out.push_back(std::move(integers));
  }
  return out;
}

}  // namespace api

Result<Model> Model::from_bytes(ByteView bytes) { return from_bytes(Bytes(bytes.begin(), bytes.end())); }

Result<Model> Model::from_bytes(Bytes&& bytes) {
  ZKI_ASSIGN_OR_RETURN(package::Package package, package::from_bytes(std::make_shared<const Bytes>(std::move(bytes))));
  auto impl = std::make_shared<Impl>();
  impl->package = std::move(package);
  return Model(std::move(impl));
}

Bytes Model::to_bytes() const { return package::to_bytes(impl_->package); }
const std::string& Model::name() const { return impl_->package.graph.name; }
std::vector<TensorInfo> Model::inputs() const { return describe(impl_->package.graph, impl_->package.graph.inputs); }
std::vector<TensorInfo> Model::outputs() const { return describe(impl_->package.graph, impl_->package.graph.outputs); }

std::uint64_t Model::num_parameters() const { return impl_->package.weights.num_weights(); }

std::string Model::report() const { return impl_->package.report; }
Digest Model::structure_digest() const {
  const package::Package& package = impl_->package;
  const auto split =
      package.cuts.empty() ? Result<segments::Split>(segments::Split{}) : segments::split(package.graph, package.cuts);
  if (package.cuts.empty() || !split.ok()) return api::structure_digest(package.graph);
  std::vector<Digest> structures;
  for (const segments::Segment& segment : split->segments) structures.push_back(api::structure_digest(segment.graph));
  return api::structure_digest(structures, split->reads);
}
std::size_t Model::num_segments() const { return impl_->package.cuts.size() + 1; }

const CompileRecord& Model::compile_record() const { return impl_->package.record; }
const Preprocessing& Model::preprocessing() const { return impl_->package.preprocessing; }

Result<RunResult> Model::run(std::span<const TensorView> inputs) const {
  const package::Package& package = impl_->package;
  RunResult result;
  ZKI_ASSIGN_OR_RETURN(const auto integers,
                       api::quantize_inputs(package.graph, package.record.whole, inputs, result.clipping));
  ZKI_ASSIGN_OR_RETURN(const exec_integer::Witness witness,
                       exec_integer::run(package.graph, package.weights, integers));
  for (const qir::ValueId id : package.graph.outputs) result.outputs.push_back(witness.values[id]);
  for (std::size_t i = 0; i < package.graph.nodes.size(); ++i) {
    const std::uint64_t saturated = exec_integer::num_saturated(package.graph, i, witness);
    if (saturated > 0) result.saturation.push_back({package.graph.nodes[i].name, witness.acc[i].size(), saturated});
  }
  return result;
}

std::vector<RealTensor> Model::to_real_outputs(const std::vector<std::vector<std::int64_t>>& outputs) const {
  const qir::QGraph& graph = impl_->package.graph;
  std::vector<RealTensor> out;
  for (std::size_t i = 0; i < outputs.size() && i < graph.outputs.size(); ++i) {
    const qir::Value& value = graph.value(graph.outputs[i]);
    out.push_back({value.shape.dims(), quant::dequantize(value, outputs[i])});
  }
  return out;
}

}  // namespace zkinfer
