// SPDX-License-Identifier: Apache-2.0
// From a network's file to a quantized model, and how close the two are.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "zkinfer/bytes.h"
#include "zkinfer/calibration.h"
#include "zkinfer/fidelity.h"
#include "zkinfer/language_head.h"
#include "zkinfer/model.h"
#include "zkinfer/model_report.h"
#include "zkinfer/preprocessing.h"
#include "zkinfer/segments.h"

namespace zkinfer {

// A network in a format that is read (its first bytes say which): a file, or its bytes, which are borrowed. Bytes cannot have
// weights in files beside them.
class NetworkSource {
 public:
  NetworkSource(std::string path) : path_(std::move(path)) {}            // NOLINT: implicit on purpose, as all of these
  NetworkSource(const char* path) : path_(path) {}                       // NOLINT
  NetworkSource(ByteView bytes) : is_file_(false), bytes_(bytes) {}      // NOLINT
  NetworkSource(const Bytes& bytes) : NetworkSource(ByteView(bytes)) {}  // NOLINT

  bool is_file() const { return is_file_; }
  const std::string& path() const { return path_; }
  ByteView bytes() const { return bytes_; }

 private:
  bool is_file_ = true;
  std::string path_;
  ByteView bytes_;
};

// A part of a model that cannot be proved. The error that compile_network ends with lists all of them for people.
struct RefusedPart {
  std::string node, op;        // of a node; empty: the reason says what it is
  std::string reason, remedy;  // the second is empty where there is none
};

struct CompileOptions {
  std::string name;  // shown to people; the file's name when empty, "model" of bytes
  // Values for dynamic axes: {input name, whole shape}.
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> input_shapes;
  // Of a language model's file: how many tokens one inference reads, which the file leaves open, and what it gives: by default
  // the choice; of a model without a head its hidden states, or their mean where the file says so.
  std::optional<std::int64_t> tokens;
  std::optional<LanguageHead> head;
  // Of one that continues conversations (generation.h): how many tokens all turns may have; `tokens` is then what one turn may have, its part of the
  // answer included. Calibration inputs are texts of so many tokens.
  std::optional<std::int64_t> conversation;
  // The error budget: the largest error of an output element, relative to the output's largest element. The cheapest program
  // within it is made; the most exact one where none is.
  double float_target = kDefaultFloatTarget;
  // kLeastActivationBits to kMostActivationBits, of every activation; otherwise chosen by measurement.
  std::optional<int> activation_bits;
  // kLeastWeightBits to kMostWeightBits, at most, per weight; otherwise what the activations' scales give.
  std::optional<int> weight_bits;
  CalibrationMethod calibration_method = CalibrationMethod::kMse;
  // What happened to the calibration data before they came here: kept with the model (Model::preprocessing).
  Preprocessing preprocessing;
  // Inputs that are another model's outputs, or committed already: {input name, or "" where there is one, what its integers
  // are}. Taken exactly; other inputs get theirs from the calibration data.
  std::vector<std::pair<std::string, TensorFormat>> input_formats;
  // How it is cut; what cannot be is refused before the search for precision where the coarsest program shows it already.
  CutOptions cut;
  // Called with each file beside the network's own that it is read from: weights that an ONNX file keeps elsewhere.
  std::function<void(const std::string& path)> reads;
  // Called for each part that is refused, before compile_network ends with an error.
  std::function<void(const RefusedPart&)> refused;
  Progress progress;
};

// Compiles a network. calibration: a few dozen to a few hundred typical inputs (not the ones you measure on); none: random
// ones of the declared types, which a note says. What was left out, assumed or missed: Model::compile_record.
Result<Model> compile_network(const NetworkSource& source, const std::vector<std::vector<TensorView>>& calibration,
                              const CompileOptions& options = {});
Result<Model> compile_network(const NetworkSource& source, const std::vector<RealInputs>& calibration,
                              const CompileOptions& options = {});

// Runs the network in float and the model in integers on the same inputs. invalid_argument: the file holds another network
// than the one that the model was compiled from, or options.input_shapes, tokens or head differ; where they are not given they are the model's.
Result<Fidelity> measure_fidelity(const NetworkSource& source, const Model& model,
                                  const std::vector<std::vector<TensorView>>& inputs,
                                  const CompileOptions& options = {});
Result<Fidelity> measure_fidelity(const NetworkSource& source, const Model& model,
                                  const std::vector<RealInputs>& inputs, const CompileOptions& options = {});

// report_model (model_report.h) with each value beside the float network's.
Result<ModelReport> report_model(const NetworkSource& source, const Model& model,
                                 const std::vector<std::vector<TensorView>>& inputs,
                                 const CompileOptions& options = {});

// Names and shapes of a network's inputs, without compiling it: what a reader of calibration data needs to know. The formats
// of integer and boolean inputs are their types' ranges in units of one, others stay at their defaults.
Result<std::vector<TensorInfo>> network_inputs(const NetworkSource& source, const CompileOptions& options = {});

// Pictures of the network's graph.
enum class GraphStage : std::uint8_t { kImported, kLegalized };  // as in the file; after the compiler's passes
enum class GraphFormat : std::uint8_t { kText, kDot };           // kDot: Graphviz
Result<std::string> print_network_graph(const NetworkSource& source, const CompileOptions& options, GraphStage stage,
                                        GraphFormat format);

}  // namespace zkinfer
