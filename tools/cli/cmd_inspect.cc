// SPDX-License-Identifier: Apache-2.0
// zkinfer inspect: what a file is and what is in it.
#include <algorithm>
#include <memory>

#include "base/files.h"
#include "base/text.h"
#include "command.h"
#include "files.h"
#include "inputs/input_bytes.h"
#include "key_rows.h"
#include "outputs.h"
#include "print.h"
#include "text.h"
#include "trust.h"
#include "zkinfer/compile.h"
#include "zkinfer/commit_tensor.h"
#include "zkinfer/structure.h"
#include "zkinfer/commitment_tree.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  VerifyLimits limits;
  std::string path, key_path, format = "text";
  std::string graph;  // "", "text" or "dot"
  bool legalized = false, tables = false;
  std::vector<std::string> input_shapes;
};

Result<std::string> describe_onnx(const Arguments& arguments) {
  CompileOptions options;
  for (const std::string& text : arguments.input_shapes) {
    ZKI_ASSIGN_OR_RETURN(auto shape, parse_input_shape(text));
    options.input_shapes.push_back(std::move(shape));
  }
  ZKI_ASSIGN_OR_RETURN(const std::string path, opened_path(arguments.path));
  return print_onnx_graph(path, options, arguments.legalized ? GraphStage::kLegalized : GraphStage::kImported,
                          arguments.format == "dot" ? GraphFormat::kDot : GraphFormat::kText);
}

std::string tensor_row(const TensorInfo& info) {
  return shape_text(info.shape) + ", integers " + std::to_string(info.format.lo) + ".." +
         std::to_string(info.format.hi) + " times " + decimal(info.format.scale(), 9);
}

// The structure of a key or a model package, where it is asked for.
template <class Holder>
std::string structure_of(const Holder& holder, const Arguments& arguments) {
  if (arguments.graph == "dot") return structure_dot(holder);
  return structure_text(holder, {arguments.tables});
}

template <class Holder>
std::string warnings_of(const Holder& holder) {
  std::string text;
  for (const std::string& warning : structure_warnings(holder)) text += "warning: " + warning + "\n";
  return text;
}

std::string describe_key(const VerificationKey& key, std::size_t num_bytes, const Arguments& arguments) {
  if (!arguments.graph.empty() || arguments.tables) return structure_of(key, arguments);
  const KeyInfo& info = key.info();
  std::vector<std::pair<std::string, std::string>> rows = key_rows(info);
  if (info.tensor_budget > 0) rows.emplace_back("proofs per committed tensor", human_count(info.tensor_budget));
  for (const TensorInfo& input : info.input_tensors) rows.emplace_back("input '" + input.name + "'", tensor_row(input));
  for (const TensorInfo& output : info.output_tensors)
    rows.emplace_back("output '" + output.name + "'", tensor_row(output));
  return "verification key, " + human_bytes(num_bytes) + "\n" + pairs_text(rows) + warnings_of(key);
}

std::string describe_commitment(const TensorCommitment& commitment) {
  return pairs_text({{"tensor '" + commitment.tensor().name + "'", tensor_row(commitment.tensor())},
                     {"commitment", to_hex(commitment.id())},
                     {"root", to_hex(commitment.root())},
                     {"proofs allowed", human_count(commitment.budget())}});
}

// Says what the opening is of and what is left of it, not what it opens to.
Result<std::string> describe_opening(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const SlotFile file, SlotFile::open(path, kTensorSecretFile));
  ZKI_ASSIGN_OR_RETURN(const CommittedTensor tensor, CommittedTensor::open(path));
  return "tensor secret (secret)\n" + describe_commitment(tensor.commitment()) +
         pairs_text({{"slots", file.slots().to_string()}});
}

std::string describe_model(const Model& model, std::size_t num_bytes, const Arguments& arguments) {
  if (!arguments.graph.empty() || arguments.tables) return structure_of(model, arguments);
  std::vector<std::pair<std::string, std::string>> rows = {{"model", model.name()},
                                                           {"structure", to_hex(model.structure_digest())},
                                                           {"parameters", human_count(model.num_parameters())}};
  for (const TensorInfo& input : model.inputs()) rows.emplace_back("input '" + input.name + "'", tensor_row(input));
  for (const TensorInfo& output : model.outputs())
    rows.emplace_back("output '" + output.name + "'", tensor_row(output));
  return "model package (secret), " + human_bytes(num_bytes) + "\n" + pairs_text(rows) + "\n" + warnings_of(model) +
         model.report();
}

Result<std::string> describe_proof(ByteView proof, const std::string& proof_path, const std::string& key_path,
                                   const VerifyLimits& limits) {
  ZKI_ASSIGN_OR_RETURN(const VerificationKey root, load_key(key_path, 0, limits));
  ZKI_ASSIGN_OR_RETURN(const KeyForProof found, key_for_proof(root, key_path, proof, proof_path, {}));
  const VerificationKey& key = found.key(root);
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& [part, num_bytes] : proof_size_table(key, proof))
    rows.emplace_back(part, human_count(num_bytes) + " bytes");
  const VerifyResult result = verify(key, proof, VerifyRequest::uncertified());
  const auto beside = [](const TensorPolicy& group) { return group.is_public() && group.hash != TensorHash::kNone; };
  std::string verdict = (result.verdict.accepted() ? "" : "rejected, ") + verdict_text(result.verdict);
  if (beside(key.info().inputs) || beside(key.info().outputs))
    verdict = "not checked here, which needs the data beside the proof (`zkinfer verify`)";
  return "proof, " + human_bytes(proof.size()) + ", against '" + key_path + "': " + verdict + "\n" + pairs_text(rows);
}

std::string describe_arrays(const std::vector<Array>& arrays) {
  std::string text = "input data, " + std::to_string(arrays.size()) + (arrays.size() == 1 ? " array\n" : " arrays\n");
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Array& array : arrays) {
    const std::string name = array.name.empty() ? "array " + std::to_string(rows.size()) : array.name;
    std::string row = shape_text(array.shape) + (array.kind == ArrayKind::kLevels ? ", picture levels" : ", numbers");
    if (!array.data.empty()) {
      const auto [lo, hi] = std::minmax_element(array.data.begin(), array.data.end());
      row += " from " + decimal(*lo, 4) + " to " + decimal(*hi, 4);
    }
    rows.emplace_back(name, row);
  }
  return text + pairs_text(rows);
}

// The kinds of which nothing but the frame can be told without something else.
std::string describe_key_proof(const FileFormat& format, std::size_t num_bytes, const char* rest) {
  return std::string(format.name) + ", " + human_bytes(num_bytes) + ", version " + std::to_string(format.version) +
         "\n  " + rest + "\n";
}

Result<std::string> describe_secret(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const SlotFile file, SlotFile::open(path, kModelSecretFile));
  ZKI_ASSIGN_OR_RETURN(const CommitmentInfo info, read_commitment_secret(file.payload()));
  return "commitment secret (secret)\n" +
         pairs_text({{"identity", to_hex(info.model_identity)}, {"slots", file.slots().to_string()}}) +
         "  `zkinfer commitment status` says how many proofs that makes\n";
}

Result<std::string> describe_backup(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const SlotFile file, SlotFile::open(path, kRootBackupFile));
  ZKI_ASSIGN_OR_RETURN(const CommitmentInfo info, read_commitment_secret(file.payload()));
  return "commitment backup (secret)\n" +
         pairs_text({{"identity", to_hex(info.model_identity)}, {"slots at that time", file.slots().to_string()}}) +
         "  can only be restored (`zkinfer commitment restore`)\n";
}

Result<std::string> describe_bare_proof(ByteView proof) {
  const std::optional<Digest> identity = claimed_identity(proof);
  if (!identity.has_value()) return corrupt("proof: it is cut off in its header");
  return "proof, " + human_bytes(proof.size()) + "\n" + pairs_text({{"says it is for the key", to_hex(*identity)}}) +
         "  give that key with --key for its parts; `zkinfer verify` checks it\n";
}

Result<std::string> describe_ours(const Arguments& arguments, const FileFormat& format) {
  const std::string& path = arguments.path;
  switch (format.kind) {
    case FileKind::kModel: {
      ZKI_ASSIGN_OR_RETURN(const Model model, load_model(path));
      return describe_model(model, model.to_bytes().size(), arguments);
    }
    case FileKind::kTensorSecret: return describe_opening(path);
    case FileKind::kCommitmentSecret: return describe_secret(path);
    case FileKind::kCommitmentBackup: return describe_backup(path);
    case FileKind::kKey: {
      ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_kind(path, format.kind));
      ZKI_ASSIGN_OR_RETURN(const VerificationKey key, load_key(path, 0, arguments.limits));
      return describe_key(key, bytes.size(), arguments);
    }
    case FileKind::kTensorCommitment: {
      ZKI_ASSIGN_OR_RETURN(const TensorCommitment commitment, load_data_commitment(path));
      return "tensor commitment, " + human_bytes(commitment.to_bytes().size()) + "\n" + describe_commitment(commitment);
    }
    case FileKind::kCodeFile:
      return std::string(
          "code file (secret): the code word of a commitment's weights, which `zkinfer commit` and `prove` make "
          "again\n");
    default: break;
  }
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_kind(path, format.kind));
  switch (format.kind) {
    case FileKind::kProof:
      return arguments.key_path.empty() ? describe_bare_proof(bytes)
                                        : describe_proof(bytes, path, arguments.key_path, arguments.limits);
    case FileKind::kCertificate:
      return describe_key_proof(
          format, bytes.size(),
          "shows that the weights of one key lie in their ranges: `zkinfer verify --certificate`");
    case FileKind::kRotation:
      return describe_key_proof(format, bytes.size(), "shows that two keys hold the same weights");
    case FileKind::kPath:
      return describe_key_proof(format, bytes.size(),
                                "leads from a root key to one that serves: `zkinfer verify-path`");
    case FileKind::kAuditKey:
      return describe_key_proof(
          format, bytes.size(),
          "(secret) shows an auditor who has the model that a key commits to it: `zkinfer commitment check`");
    default: return std::string(format.name) + ", " + human_bytes(bytes.size()) + "; not a file by itself\n";
  }
}

Result<std::string> describe(const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const FileFormat* format, kind_of_file(arguments.path));
  if (format != nullptr) {
    Result<std::string> text = describe_ours(arguments, *format);
    // Readers of bytes do not know the file's name.
    const std::string name = in_quotes(arguments.path);
    if (!text.ok() && text.status().message().find(name) == std::string::npos) return text.status().with_context(name);
    return text;
  }
  if (arguments.path.ends_with(".onnx")) return describe_onnx(arguments);
  const Result<std::vector<Array>> arrays = read_arrays(arguments.path);
  if (arrays.ok()) return describe_arrays(*arrays);
  // What begins like no input data may be an ONNX file, which has no magic.
  if (arrays.status().code() != StatusCode::kCorrupt ||
      arrays.status().message().find("unknown kind") == std::string::npos)
    return arrays.status();
  const Result<std::string> onnx = describe_onnx(arguments);
  if (onnx.ok()) return onnx;
  return invalid_argument(
      in_quotes(arguments.path) +
      ": neither a file of zkinfer nor .json, .npy, .npz, .png, IDX; as an ONNX file: " + onnx.status().message());
}

}  // namespace

void add_inspect(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("inspect", "say what a file is, and what is in it");
  command->add_option("file", arguments->path, "any file that zkinfer reads or writes; - is standard input")
      ->required();
  command->add_option("-k,--key", arguments->key_path, "the file is a proof for this key: show its size by part");
  add_verify_limits(*command, arguments->limits);
  command
      ->add_flag("--graph{text}", arguments->graph,
                 "of a key or a model package: the structure, what proofs speak of; --graph=dot for Graphviz")
      ->check(CLI::IsMember({"text", "dot"}));
  command->add_flag("--tables", arguments->tables, "the same as text, with every row of its tables");
  command->add_option("--format", arguments->format, "of an ONNX file")
      ->check(CLI::IsMember({"text", "dot"}))
      ->capture_default_str();
  command->add_flag("--legalized", arguments->legalized, "of an ONNX file: the graph after the compiler's passes");
  command
      ->add_option("--shape", arguments->input_shapes,
                   "of an ONNX file: shape of an input with dynamic axes, name=1,3,224,224")
      ->expected(1, 64);
  command->footer(
      "Examples:\n"
      "  zkinfer inspect network.onnx --legalized\n"
      "  zkinfer inspect network.onnx --format dot | dot -Tsvg > network.svg\n"
      "  zkinfer inspect network.zkkey --graph\n"
      "  zkinfer inspect network.zkkey --graph=dot | dot -Tsvg > structure.svg\n"
      "  zkinfer inspect input.zkproof --key network.zkkey");
  command->callback([arguments, &session] {
    session.run([&]() -> CommandResult {
      ZKI_ASSIGN_OR_RETURN(std::string text, describe(*arguments));
      if (!text.ends_with('\n')) text += '\n';
      print_lines(text);
      return ExitCode::kDone;
    });
  });
}

}  // namespace zkinfer::cli
