// SPDX-License-Identifier: Apache-2.0
// zkinfer dataset build: arrays, labels and groups -> a data set to evaluate models on.
#include <cmath>
#include <memory>

#include "command.h"
#include "evaluation_output.h"
#include "files.h"
#include "generation.h"
#include "inputs/input_bytes.h"
#include "inputs/input_file.h"
#include "output_files.h"
#include "print.h"
#include "result_json.h"
#include "text.h"
#include "tokenizer/windows.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string input_path, labels_path, targets_path, groups_path, tokenizer_path, output_path, name;
  int tokens = 0;
  InputOptions options;
  bool force = false;
};

// Of a file with one list of whole numbers.
Result<std::vector<std::int64_t>> load_whole(const std::string& option, const std::string& path) {
  const Result<std::vector<Array>> arrays = read_arrays(path);
  if (!arrays.ok()) return arrays.status().with_context(option);
  const std::string where = option + " " + in_quotes(path) + ": ";
  if (arrays->size() != 1)
    return invalid_argument(where + counted(arrays->size(), "array") + ", expected one with a number of each row");
  std::vector<std::int64_t> out;
  for (const float x : arrays->front().data) {
    // From 2^24 on some were rounded when they were read.
    if (x != std::floor(x) || std::abs(x) >= 1 << 24)
      return invalid_argument(where + "row " + std::to_string(out.size()) + ": " + significant(x, 9) +
                              ", expected a whole number below 2^24");
    out.push_back(static_cast<std::int64_t>(x));
  }
  return out;
}

// Of a file with one array, whose first axis is that of the rows.
Result<Tensor> load_targets(const std::string& path) {
  const Result<std::vector<Array>> arrays = read_arrays(path);
  if (!arrays.ok()) return arrays.status().with_context("--targets");
  const std::string where = "--targets " + in_quotes(path) + ": ";
  if (arrays->size() != 1)
    return invalid_argument(where + counted(arrays->size(), "array") + ", expected one with the targets of each row");
  const Array& array = arrays->front();
  if (array.data.empty() || array.shape.empty()) return invalid_argument(where + "no numbers");
  return Tensor(array.shape, array.data);
}

Result<DataSet::Column> column_of(const Array& array, std::size_t num_rows, const InputOptions& options) {
  const std::string name = array.name.empty() ? "input" : array.name;
  const std::vector<std::int64_t>& shape = array.shape;
  const auto rows = static_cast<std::int64_t>(num_rows);
  TensorInfo row{name, {}, {}};
  row.format.scale_exponent = -1;  // in no units of one: levels are scaled
  if (!shape.empty() && shape[0] == rows)
    row.shape.assign(shape.begin() + 1, shape.end());
  else if (shape.size() <= 1 && array.data.size() % num_rows == 0)
    row.shape = {static_cast<std::int64_t>(array.data.size() / num_rows)};
  else
    return invalid_argument("input '" + name + "' of shape " + shape_text(shape) + ": there are " +
                            std::to_string(num_rows) + " labels or targets; the first axis is that of the rows");
  if (row.shape.empty()) row.shape = {1};
  ZKI_ASSIGN_OR_RETURN(const std::vector<RealInputs> samples, to_samples({array}, {row}, options.preprocessing));
  std::vector<float> values;
  for (const RealInputs& sample : samples) values.insert(values.end(), sample[0].data.begin(), sample[0].data.end());
  std::vector<std::int64_t> whole = {rows};
  whole.insert(whole.end(), row.shape.begin(), row.shape.end());
  return DataSet::Column{name, Tensor(std::move(whole), values)};
}

// The rows of arrays, with their labels or targets.
Status add_rows(const Arguments& arguments, DataSet::Parts& parts) {
  if (arguments.labels_path.empty() == arguments.targets_path.empty())
    return invalid_argument(
        "give --labels, the class of each row, or --targets, the numbers that the output should have");
  std::size_t num_rows = 0;
  if (arguments.targets_path.empty()) {
    ZKI_ASSIGN_OR_RETURN(parts.labels, load_whole("--labels", arguments.labels_path));
    num_rows = parts.labels.size();
  } else {
    ZKI_ASSIGN_OR_RETURN(parts.targets, load_targets(arguments.targets_path));
    num_rows = static_cast<std::size_t>(parts.targets->shape()[0]);
  }
  const Result<std::vector<Array>> arrays = read_arrays(arguments.input_path);
  if (!arrays.ok()) return arrays.status();
  if (num_rows == 0) return invalid_argument("--labels, --targets: no rows");
  for (const Array& array : *arrays) {
    ZKI_ASSIGN_OR_RETURN(DataSet::Column column, column_of(array, num_rows, arguments.options));
    parts.inputs.push_back(std::move(column));
  }
  return ok_status();
}

// Windows of a text: at each position the token that comes next is the target.
Status add_text(Session& session, const Arguments& arguments, DataSet::Parts& parts) {
  if (!arguments.labels_path.empty() || !arguments.targets_path.empty())
    return invalid_argument(
        "--tokenizer: the targets are the text's own next tokens; leave out --labels and --targets");
  if (arguments.tokens < 1) return invalid_argument("--tokenizer: give --tokens, how many the model reads");
  ZKI_ASSIGN_OR_RETURN(const std::optional<Tokenizer> tokenizer, load_tokenizer(arguments.tokenizer_path));
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_bytes(arguments.input_path, Tokenizer::kMaxTextBytes, Content::kAny));
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto tokens = static_cast<std::size_t>(arguments.tokens);
  const Result<TokenWindows> windows = token_windows(*tokenizer, text, tokens + 1);
  if (!windows.ok()) return windows.status().with_context(in_quotes(arguments.input_path));
  if (!session.quiet && !session.json && windows->left_out > 0)
    note("{}: {} of the text are in no row\n", arguments.input_path, counted(windows->left_out, "token"));
  std::vector<float> inputs, targets;
  for (std::size_t i = 0; i < windows->count; ++i) {
    for (std::size_t j = 0; j < windows->tokens; ++j) {
      const auto token = static_cast<float>(windows->values[i * windows->tokens + j]);
      if (j < tokens) inputs.push_back(token);
      if (j > 0) targets.push_back(token);
    }
  }
  const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(windows->count),
                                           static_cast<std::int64_t>(tokens)};
  parts.inputs.push_back({"tokens", Tensor(shape, inputs)});
  parts.targets = Tensor(shape, targets);
  return ok_status();
}

CommandResult build(Session& session, const Arguments& arguments) {
  DataSet::Parts parts;
  parts.name = arguments.name;
  parts.preprocessing = preprocessing_text(arguments.options.preprocessing);
  if (!arguments.tokenizer_path.empty()) {
    ZKI_RETURN_IF_ERROR(add_text(session, arguments, parts));
  } else {
    ZKI_RETURN_IF_ERROR(add_rows(arguments, parts));
  }
  if (!arguments.groups_path.empty()) {
    ZKI_ASSIGN_OR_RETURN(const std::vector<std::int64_t> groups, load_whole("--groups", arguments.groups_path));
    for (const std::int64_t group : groups) {
      if (group < 0 || group >= 1 << 16)
        return invalid_argument("--groups: a group " + std::to_string(group) + ", expected numbers from 0 to 65535");
      parts.groups.push_back(static_cast<std::uint32_t>(group));
    }
  }
  OutputFiles files(arguments.force);
  files.reads({arguments.input_path, arguments.labels_path, arguments.targets_path, arguments.groups_path});
  if (!arguments.tokenizer_path.empty()) files.reads(arguments.tokenizer_path);
  if (session.json) files.keep_standard_output();
  const OutputFiles::Id id = files.add("--output", arguments.output_path, FileKind::kDataSet);
  ZKI_RETURN_IF_ERROR(files.prepare());
  ZKI_ASSIGN_OR_RETURN(const DataSet data, DataSet::build(std::move(parts)));
  const Bytes bytes = data.to_bytes();
  ZKI_RETURN_IF_ERROR(files.write(id, bytes));
  ZKI_RETURN_IF_ERROR(files.publish());
  if (session.json) {
    nlohmann::ordered_json json = {{"data_set", arguments.output_path}, {"data_set_bytes", bytes.size()}};
    json.update(data_set_json(data));
    print_result(session, std::move(json));
  } else if (session.quiet) {
    print("{}\n", to_hex(data.digest()));
  } else {
    print_lines(pairs_text(data_set_rows(data)));
    print("wrote {} ({}): give it to everybody who makes or checks evaluations\n", output_name(arguments.output_path),
          human_bytes(bytes.size()));
  }
  return ExitCode::kDone;
}

}  // namespace

void add_dataset(CLI::App& app, Session& session) {
  CLI::App* dataset = app.add_subcommand("dataset", "data sets to evaluate models on");
  dataset->require_subcommand(1);
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = dataset->add_subcommand("build", "rows and labels as one file with a Merkle root");
  command
      ->add_option(
          "-i,--input", arguments->input_path,
          "the rows: .npy, .npz (an array for each input of the model), .json or IDX; the first axis is that of "
          "the rows")
      ->type_name(kReadsFile)
      ->required();
  command->add_option("--labels", arguments->labels_path, "the label of each row, a whole number: such a file, too")
      ->type_name(kReadsFile);
  command
      ->add_option(
          "--targets", arguments->targets_path,
          "instead of labels what the model's output should be, for errors (mse, mae): an array of rows; or for a "
          "perplexity the token that comes next at each position")
      ->type_name(kReadsFile);
  command
      ->add_option("--groups", arguments->groups_path,
                   "a group of each row, from 0 on, which `evaluate --by-group` counts on their own")
      ->type_name(kReadsFile);
  add_tokenizer_option(*command, arguments->tokenizer_path);
  command
      ->add_option("--tokens", arguments->tokens,
                   "of a text with --tokenizer: how many a row has; what comes next at each are the targets")
      ->check(CLI::Range(1, 1 << 20))
      ->needs(command->get_option("--tokenizer"));
  command->add_option("--name", arguments->name, "what people call it (default: the output's name)");
  add_preprocessing_options(*command, arguments->options);
  command
      ->add_option("-o,--output", arguments->output_path, "data set to write (default: the input's name with .zkset)")
      ->type_name(kWritesFile);
  add_force_flag(*command, arguments->force);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer dataset build --input images.npy --labels labels.npy -o test.zkset\n"
      "  zkinfer dataset build --input t10k-images-idx3-ubyte.gz --labels t10k-labels-idx1-ubyte.gz --scale 1 -o "
      "mnist.zkset\n"
      "  zkinfer dataset build --input houses.npy --targets prices.npy -o houses.zkset\n"
      "  zkinfer dataset build --input story.txt --tokenizer tok512.bin --tokens 64 -o story.zkset\n"
      "The numbers are kept as models take them: what --scale, --mean and --std make of them. With --quiet only the "
      "digest is printed.");
  command->callback([arguments, &session] {
    session.run([&]() -> CommandResult {
      name_after(arguments->input_path, ".zkset", "--output", arguments->output_path);
      if (arguments->name.empty()) {
        const std::string& path = arguments->output_path;
        const std::size_t slash = path.find_last_of('/');
        arguments->name = with_extension(slash == std::string::npos ? path : path.substr(slash + 1), "");
      }
      return build(session, *arguments);
    });
  });
}

}  // namespace zkinfer::cli
