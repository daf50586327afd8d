// SPDX-License-Identifier: Apache-2.0
// zkinfer inspect: what a file is and what is in it.
#include <algorithm>
#include <memory>

#include "base/files.h"
#include "base/text.h"
#include "command.h"
#include "files.h"
#include "formats/frame.h"
#include "inputs/input_bytes.h"
#include "key_rows.h"
#include "outputs.h"
#include "print.h"
#include "result_json.h"
#include "text.h"
#include "trust.h"
#include "zkinfer/commit_tensor.h"
#include "zkinfer/commitment_tree.h"
#include "zkinfer/compile.h"
#include "zkinfer/hex.h"
#include "zkinfer/inspect.h"
#include "zkinfer/structure.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  VerifyLimits limits;
  std::string path, key_path, format = "text";
  std::string graph;  // "", "text" or "dot"
  bool legalized = false, tables = false;
  std::vector<std::string> input_shapes;
};

// What a file is, what can be said of it, and text that has a form of its own.
struct Description {
  std::string what;  // "proof, 92 KiB"
  std::vector<std::pair<std::string, std::string>> facts;
  std::string rest;
  std::vector<std::string> warnings;
};

Result<Description> describe_onnx(const Arguments& arguments) {
  CompileOptions options;
  for (const std::string& text : arguments.input_shapes) {
    ZKI_ASSIGN_OR_RETURN(auto shape, parse_input_shape(text));
    options.input_shapes.push_back(std::move(shape));
  }
  ZKI_ASSIGN_OR_RETURN(const std::string path, opened_path(arguments.path));
  ZKI_ASSIGN_OR_RETURN(
      std::string graph,
      print_onnx_graph(path, options, arguments.legalized ? GraphStage::kLegalized : GraphStage::kImported,
                       arguments.format == "dot" ? GraphFormat::kDot : GraphFormat::kText));
  return Description{"", {}, std::move(graph), {}};
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

void add_tensors(Description& description, const char* kind, const std::vector<TensorInfo>& tensors) {
  for (const TensorInfo& tensor : tensors) {
    description.facts.emplace_back(std::string(kind) + " '" + tensor.name + "'", tensor_row(tensor));
  }
}

Description describe_key(const VerificationKey& key, std::size_t num_bytes, const Arguments& arguments) {
  if (!arguments.graph.empty() || arguments.tables) return {"", {}, structure_of(key, arguments), {}};
  const KeyInfo& info = key.info();
  Description out{"verification key, " + human_bytes(num_bytes), key_rows(info), "", structure_warnings(key)};
  if (info.tensor_budget > 0) out.facts.emplace_back("proofs per committed tensor", human_count(info.tensor_budget));
  add_tensors(out, "input", info.input_tensors);
  add_tensors(out, "output", info.output_tensors);
  return out;
}

Description describe_commitment(const std::string& what, const TensorCommitment& commitment) {
  Description out{what, {}, "", {}};
  add_tensors(out, "tensor", {commitment.tensor()});
  out.facts.emplace_back("commitment", to_hex(commitment.id()));
  out.facts.emplace_back("root", to_hex(commitment.root()));
  out.facts.emplace_back("proofs allowed", human_count(commitment.budget()));
  return out;
}

// Says what the secret is of and what is left of it, not what it opens to.
Result<Description> describe_opening(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const SlotFile file, SlotFile::open(path, kTensorSecretFile));
  ZKI_ASSIGN_OR_RETURN(const CommittedTensor tensor, CommittedTensor::open(path));
  Description out = describe_commitment("tensor secret (secret)", tensor.commitment());
  out.facts.emplace_back("slots", file.slots().to_string());
  return out;
}

Description describe_model(const Model& model, std::size_t num_bytes, const Arguments& arguments) {
  if (!arguments.graph.empty() || arguments.tables) return {"", {}, structure_of(model, arguments), {}};
  Description out{"model package (secret), " + human_bytes(num_bytes),
                  {{"model", model.name()},
                   {"structure", to_hex(model.structure_digest())},
                   {"parameters", human_count(model.num_parameters())}},
                  "\n" + model.report(),
                  structure_warnings(model)};
  add_tensors(out, "input", model.inputs());
  add_tensors(out, "output", model.outputs());
  return out;
}

Result<Description> describe_proof(ByteView proof, const std::string& proof_path, const std::string& key_path,
                                   const VerifyLimits& limits) {
  ZKI_ASSIGN_OR_RETURN(const VerificationKey root, load_key(key_path, 0, limits));
  const ProofFile file{proof_path, {{}, {}, Bytes(proof.begin(), proof.end())}};
  ZKI_ASSIGN_OR_RETURN(const KeyForProof found, key_for_proof(root, key_path, file, {}));
  const VerificationKey& key = found.key(root);
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& [part, num_bytes] : proof_size_table(key, proof))
    rows.emplace_back(part, human_count(num_bytes) + " bytes");
  const VerifyResult result = verify(key, proof, VerifyRequest::uncertified());
  const auto beside = [](const TensorPolicy& group) { return group.is_public() && group.hash != TensorHash::kNone; };
  std::string verdict = (result.verdict.accepted() ? "" : "rejected, ") + verdict_text(result.verdict);
  if (beside(key.info().inputs) || beside(key.info().outputs))
    verdict = "not checked here, which needs the data beside the proof (`zkinfer verify`)";
  return Description{"proof, " + human_bytes(proof.size()) + ", against " + in_quotes(key_path) + ": " + verdict,
                     std::move(rows),
                     "",
                     {}};
}

Description describe_arrays(const std::vector<Array>& arrays) {
  const std::string text = "input data, " + std::to_string(arrays.size()) + (arrays.size() == 1 ? " array" : " arrays");
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
  return {text, std::move(rows), "", {}};
}

// The kinds of which nothing but the frame can be told without something else.
Description describe_frame(const FileFormat& format, std::size_t num_bytes, const char* rest) {
  return {std::string(format.name) + ", " + human_bytes(num_bytes),
          {{"version", std::to_string(format.version)}, {"use", rest}},
          "",
          {}};
}

Result<Description> describe_secret(const std::string& path, const SlotFileKind& kind, const char* use) {
  ZKI_ASSIGN_OR_RETURN(const SlotFile file, SlotFile::open(path, kind));
  ZKI_ASSIGN_OR_RETURN(const CommitmentInfo info, read_commitment_secret(file.payload()));
  return Description{std::string(kind.format().name) + " (secret)",
                     {{"identity", to_hex(info.model_identity)}, {"slots", file.slots().to_string()}, {"use", use}},
                     "",
                     {}};
}

Result<Description> describe_bare_proof(ByteView proof) {
  const std::optional<Digest> identity = claimed_identity(proof);
  if (!identity.has_value()) return corrupt("proof: it is cut off in its header");
  return Description{"proof, " + human_bytes(proof.size()),
                     {{"says it is for the key", to_hex(*identity)},
                      {"use", "`zkinfer verify` checks it; give the key with --key for its parts"}},
                     "",
                     {}};
}

Result<Description> describe_ours(const Arguments& arguments, const FileFormat& format) {
  const std::string& path = arguments.path;
  switch (format.kind) {
    case FileKind::kModel: {
      ZKI_ASSIGN_OR_RETURN(const Model model, load_model(path));
      return describe_model(model, model.to_bytes().size(), arguments);
    }
    case FileKind::kTensorSecret: return describe_opening(path);
    case FileKind::kCommitmentSecret:
      return describe_secret(path, kModelSecretFile, "`zkinfer commitment status` says how many proofs that makes");
    case FileKind::kCommitmentBackup:
      return describe_secret(path, kRootBackupFile, "can only be restored: `zkinfer commitment restore`");
    case FileKind::kKey: {
      ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_kind(path, format.kind));
      ZKI_ASSIGN_OR_RETURN(const VerificationKey key, load_key(path, 0, arguments.limits));
      return describe_key(key, bytes.size(), arguments);
    }
    case FileKind::kTensorCommitment: {
      ZKI_ASSIGN_OR_RETURN(const TensorCommitment commitment, load_data_commitment(path));
      return describe_commitment("tensor commitment, " + human_bytes(commitment.to_bytes().size()), commitment);
    }
    case FileKind::kCodeFile:
      return Description{
          "code file (secret)",
          {{"use", "the code word of a commitment's weights; `zkinfer commit` and `prove` make it again"}},
          "",
          {}};
    default: break;
  }
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_kind(path, format.kind));
  ZKI_RETURN_IF_ERROR(check_frame(format.kind, bytes));
  switch (format.kind) {
    case FileKind::kProof:
      return arguments.key_path.empty() ? describe_bare_proof(bytes)
                                        : describe_proof(bytes, path, arguments.key_path, arguments.limits);
    case FileKind::kCertificate:
      return describe_frame(format, bytes.size(),
                            "shows that the weights of one key lie in their ranges: `zkinfer verify --certificate`");
    case FileKind::kRotation: return describe_frame(format, bytes.size(), "shows that two keys hold the same weights");
    case FileKind::kPath:
      return describe_frame(format, bytes.size(), "leads from a root key to one that serves: `zkinfer verify-path`");
    case FileKind::kBundle: {
      ZKI_ASSIGN_OR_RETURN(const ProofBundle bundle, parse_bundle(bytes));
      const auto size = [](const Bytes& part) { return part.empty() ? "none" : human_bytes(part.size()); };
      return Description{
          "bundle, " + human_bytes(bytes.size()),
          {{"proof", size(bundle.proof)}, {"path", size(bundle.path)}, {"certificate", size(bundle.certificate)}},
          "",
          {}};
    }
    case FileKind::kAuditKey:
      return describe_frame(
          format, bytes.size(),
          "(secret) shows an auditor who has the model that a key commits to it: `zkinfer commitment check`");
    default: return describe_frame(format, bytes.size(), "none: it is no file by itself");
  }
}

Result<Description> describe(const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const FileFormat* format, kind_of_file(arguments.path));
  if (format != nullptr) {
    Result<Description> text = describe_ours(arguments, *format);
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
  const Result<Description> onnx = describe_onnx(arguments);
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
      ->type_name(kReadsFile)
      ->required();
  command->add_option("-k,--key", arguments->key_path, "the file is a proof for this key: show its size by part")
      ->type_name(kReadsFile);
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
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer inspect network.onnx --legalized\n"
      "  zkinfer inspect network.onnx --format dot | dot -Tsvg > network.svg\n"
      "  zkinfer inspect network.zkkey --graph\n"
      "  zkinfer inspect network.zkkey --graph=dot | dot -Tsvg > structure.svg\n"
      "  zkinfer inspect input.zkproof --key network.zkkey");
  command->callback([arguments, &session] {
    session.run([&]() -> CommandResult {
      ZKI_ASSIGN_OR_RETURN(Description found, describe(*arguments));
      for (const std::string& warning : found.warnings) session.warn(warning);
      if (session.json) {
        nlohmann::ordered_json json = {{"file", arguments->path}, {"what", found.what}};
        for (const auto& [name, value] : found.facts) json["facts"][name] = value;
        if (!found.rest.empty()) json["text"] = found.rest;
        print_result(session, std::move(json));
        return ExitCode::kDone;
      }
      if (!found.rest.empty() && !found.rest.ends_with('\n')) found.rest += '\n';
      print_lines((found.what.empty() ? "" : printable(found.what) + "\n") + pairs_text(found.facts) + found.rest);
      return ExitCode::kDone;
    });
  });
}

}  // namespace zkinfer::cli
