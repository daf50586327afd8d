// SPDX-License-Identifier: Apache-2.0
#include "frontend/tflite/reader.h"

#include <unordered_map>

#include "base/text.h"
#include "frontend/tflite/file.h"
#include "frontend/tflite/lowering.h"

namespace zkinfer::frontend_tflite {

namespace {

constexpr int kOpset = 20;

const Row* find_row(std::string_view name) {
  static const auto rows = [] {
    std::unordered_map<std::string_view, const Row*> table;
    for (const auto family :
         {contract_rows(), elementwise_rows(), movement_rows(), reduce_rows(), resize_rows(), recurrent_rows()})
      for (const Row& row : family) ZKI_CHECK(table.emplace(row.name, &row).second, "one row per operator");
    return table;
  }();
  const auto found = rows.find(name);
  return found == rows.end() ? nullptr : found->second;
}

// Why an operator without a row has none.
Status no_row(std::string_view name) {
  const auto has = [name](std::string_view part) { return name.find(part) != std::string_view::npos; };
  if (name == "IF" || name == "WHILE" || name == "CALL" || name == "CALL_ONCE")
    return unsupported(
        "control flow over subgraphs | convert the model with its loops unrolled (Keras: layer(..., unroll=True))");
  if (has("RANDOM") || name == "MULTINOMIAL")
    return unsupported(
        "its results are random, and a proof is about one result for one input | move it out of the model");
  if (has("NON_MAX_SUPPRESSION") || name == "WHERE" || name == "UNIQUE")
    return unsupported(
        "how much it gives depends on the data, and what is proven has one shape | end the model before it");
  if (has("HASHTABLE") || name == "LSH_PROJECTION" || name == "SKIP_GRAM")
    return unsupported("it works on words, and only numbers have a meaning here | move it out of the model");
  if (has("VARIABLE") || name == "VAR_HANDLE")
    return unsupported(
        "a state that lasts from one inference to the next | make it an input and an output of the model");
  if (has("STABLEHLO") || name.empty())
    return unsupported("an operator that TensorFlow Lite's interpreter has no kernel for | convert the model again");
  return unsupported("operator without a reader here (docs/formats_read.md) | replace it by others");
}

class Reader {
 public:
  explicit Reader(const File& file) : file_(file), builder_(kOpset), lowering_(file, builder_) {}

  Result<frontend_onnx::ForeignModel> run() {
    if (file_.outputs.empty()) return corrupt("a TFLite file without outputs");
    read_inputs();
    for (std::size_t i = 0; i < file_.outputs.size(); ++i) {
      const std::string_view name = lowering_.tensor(file_.outputs[i]).name;
      output_names_.push_back(builder_.fresh(name.empty() ? "output_" + std::to_string(i) : short_name(name)));
    }
    for (std::size_t i = 0; i < file_.operators.size(); ++i) read_operator(i);
    write_outputs();
    if (file_.num_subgraphs > 1)
      builder_.note("the file holds " + std::to_string(file_.num_subgraphs) + " graphs; the first is read");
    ZKI_RETURN_IF_ERROR(file_.buffer->status());  // of options that were read on the way
    return std::move(builder_).take("operator");
  }

 private:
  void read_inputs() {
    for (std::size_t i = 0; i < file_.inputs.size(); ++i) {
      const int t = file_.inputs[i];
      const Tensor& tensor = lowering_.tensor(t);
      const std::string wanted = tensor.name.empty() ? "input_" + std::to_string(i) : short_name(tensor.name);
      const std::string name = builder_.fresh(wanted);
      builder_.begin({wanted, "input"});
      const std::optional<int> type = onnx_type(tensor.type);
      if (!type) {
        builder_.refuse(unsupported("numbers of type " + std::string(type_name(tensor.type)) +
                                    " | only floats, integers and booleans are possible"),
                        {});
        lowering_.set_unknown(t, name);
        continue;
      }
      Dims dims = tensor.shape;
      for (std::size_t axis = 0; axis < dims.size(); ++axis)
        if (tensor.open[axis]) dims[axis] = -1;
      builder_.input(name, dims, *type);
      if (is_float(tensor.type))
        lowering_.set_real(t, name, Layout::kLast, true);
      else
        lowering_.set_raw(t, name);
    }
  }

  void read_operator(std::size_t index) {
    const Operator& op = file_.operators[index];
    const bool custom = op.code == kCustom;
    const std::string_view kind = custom ? op.custom : operator_name(op.code);
    const std::string shown =
        kind.empty() ? "operator code " + std::to_string(op.code) : printable(kind.substr(0, 200));
    std::string name = op.outputs.empty() ? std::string() : short_name(lowering_.tensor(op.outputs[0]).name);
    if (name.empty()) name = shown + "_" + std::to_string(index);
    builder_.begin({name, shown});
    lowering_.reset();
    Status status = ok_status();
    if (custom) {
      status = unsupported(
          "a custom operator, whose meaning is not in the file | replace it by built-in ones, or cut the model there "
          "and compute it outside");
    } else if (const Row* row = find_row(kind); row == nullptr) {
      status = no_row(kind);
    } else {
      Operation operation(lowering_, op, *row, name);
      status = row->read(operation);
      if (status.ok()) status = lowering_.status();
    }
    if (status.ok()) return;
    builder_.refuse(std::move(status), {});
    for (const int t : op.outputs) lowering_.set_unknown(t, builder_.fresh("unknown"));
  }

  void write_outputs() {
    for (std::size_t i = 0; i < file_.outputs.size(); ++i) {
      const int t = file_.outputs[i];
      const Tensor& tensor = lowering_.tensor(t);
      builder_.begin({output_names_[i], "output"});
      lowering_.reset();
      const std::string value = lowering_.raw(t);
      if (!lowering_.status().ok()) builder_.refuse(lowering_.status(), {});
      builder_.op("Identity", {value}, {}, output_names_[i]);
      builder_.output(output_names_[i], onnx_type(tensor.type).value_or(onnx::TensorProto::FLOAT));
    }
  }

  const File& file_;
  frontend_onnx::ModelBuilder builder_;
  Lowering lowering_;
  std::vector<std::string> output_names_;
};

}  // namespace

Result<frontend_onnx::ForeignModel> read_tflite(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(const File file, read_file_tables(bytes));
  return Reader(file).run();
}

Result<ir::Graph> import_tflite(ByteView bytes, const frontend_onnx::ImportOptions& options) {
  Result<frontend_onnx::ForeignModel> foreign = read_tflite(bytes);
  if (!foreign.ok()) return foreign.status().with_context("TFLite file");
  return frontend_onnx::import_foreign(*foreign, options);
}

}  // namespace zkinfer::frontend_tflite
