// SPDX-License-Identifier: Apache-2.0
// zkinfer inspect: what a file is and what is in it.
#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/files.h"
#include "base/text.h"
#include "command.h"
#include "files.h"
#include "formats/frame.h"
#include "inputs/input_bytes.h"
#include "inspect.h"
#include "key_rows.h"
#include "network_options.h"
#include "outputs.h"
#include "print.h"
#include "report/model_report.h"
#include "result_json.h"
#include "text.h"
#include "trust.h"
#include "zkinfer/commit_tensor.h"
#include "zkinfer/commitment_tree.h"
#include "zkinfer/compile.h"
#include "zkinfer/hex.h"
#include "zkinfer/inspect.h"
#include "zkinfer/sealed.h"
#include "zkinfer/structure.h"

namespace zkinfer::cli {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;
using Json = nlohmann::ordered_json;

Result<Description> describe_onnx(const InspectArguments& arguments) {
  CompileOptions options;
  ZKI_RETURN_IF_ERROR(set_network_options(arguments.network, options));
  ZKI_ASSIGN_OR_RETURN(const std::string path, opened_path(arguments.path));
  ZKI_ASSIGN_OR_RETURN(
      std::string graph,
      print_network_graph(path, options, arguments.legalized ? GraphStage::kLegalized : GraphStage::kImported,
                          arguments.format == "dot" ? GraphFormat::kDot : GraphFormat::kText));
  return Description{"", {}, std::move(graph), {}, "onnx"};
}

// What is no more than open is said, not refused.
Result<Description> describe_network(const InspectArguments& arguments) {
  Result<Description> network = describe_onnx(arguments);
  if (network.ok() || !arguments.onnx_option.empty()) return network;
  std::optional<Description> language = describe_language_model(arguments.path, network.status());
  if (!language.has_value()) return network;
  return std::move(*language);
}

std::string tensor_row(const TensorInfo& info) {
  return shape_text(info.shape) + ", integers " + std::to_string(info.format.lo) + ".." +
         std::to_string(info.format.hi) + " times " + significant(info.format.scale(), 10);
}

// The structure of a key or a model package, where it is asked for.
template <class Holder>
std::string structure_of(const Holder& holder, const InspectArguments& arguments) {
  if (arguments.graph == "dot") return structure_dot(holder);
  return structure_text(holder, {arguments.tables});
}

void add_tensors(Description& description, const char* kind, const std::vector<TensorInfo>& tensors) {
  for (const TensorInfo& tensor : tensors) {
    description.facts.emplace_back(std::string(kind) + " '" + tensor.name + "'", tensor_row(tensor));
  }
}

Description describe_key(const VerificationKey& key, const InspectArguments& arguments) {
  const KeyInfo& info = key.info();
  if (!arguments.graph.empty() || arguments.tables)
    return {"", {}, structure_of(key, arguments), {}, "key", parsed(key_json(info))};
  Description out{"verification key", key_rows(info), "", structure_warnings(key), "key", parsed(key_json(info))};
  if (info.tensor_budget > 0) out.facts.emplace_back("proofs per committed tensor", human_count(info.tensor_budget));
  add_tensors(out, "input", info.input_tensors);
  add_tensors(out, "output", info.output_tensors);
  return out;
}

Description describe_commitment(const std::string& what, const TensorCommitment& commitment) {
  Description out{what};
  add_tensors(out, "tensor", {commitment.tensor()});
  out.facts.emplace_back("commitment", to_hex(commitment.id()));
  out.facts.emplace_back("root", to_hex(commitment.root()));
  out.facts.emplace_back("proofs allowed", human_count(commitment.budget()));
  out.kind = "tensor_commitment";
  out.json = parsed(commitment_json(commitment));
  return out;
}

void add_slots(Description& description, const SlotRange& slots) {
  description.facts.emplace_back("slots", slots.to_string());
  description.json["slots"] = {slots.begin, slots.end};
  description.json["used"] = slots.num_used();
}

// Says what the secret is of and what is left of it, not what it opens to.
Result<Description> describe_opening(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const SlotFile file, SlotFile::open(path, kTensorSecretFile));
  ZKI_ASSIGN_OR_RETURN(const CommittedTensor tensor, CommittedTensor::open(path));
  Description out = describe_commitment("tensor secret (secret)", tensor.commitment());
  out.kind = "tensor_secret";
  add_slots(out, file.slots());
  return out;
}

Description describe_model(const Model& model, const InspectArguments& arguments) {
  const Json json = {{"model", model.name()},
                     {"structure", to_hex(model.structure_digest())},
                     {"parameters", model.num_parameters()},
                     {"network_parameters", model.compile_record().num_network_parameters},
                     {"segments", model.num_segments()},
                     {"inputs", parsed(tensor_infos_json(model.inputs()))},
                     {"outputs", parsed(tensor_infos_json(model.outputs()))},
                     {"preprocessing", preprocessing_json(model.preprocessing())},
                     {"whole_numbers", whole_json(model.compile_record())}};
  if (!arguments.graph.empty() || arguments.tables) return {"", {}, structure_of(model, arguments), {}, "model", json};
  Description out{
      "model package (secret)",
      {{"model", model.name()},
       {"structure", to_hex(model.structure_digest())},
       {"parameters", parameters_text(model.num_parameters(), model.compile_record().num_network_parameters)}},
      "\n" + model.report(),
      structure_warnings(model),
      "model",
      json};
  if (model.num_segments() > 1) out.facts.emplace_back("segments", human_count(model.num_segments()));
  add_tensors(out, "input", model.inputs());
  add_tensors(out, "output", model.outputs());
  out.facts.emplace_back("values of files", preprocessing_text(model.preprocessing()));
  for (const WholeTensor& whole : model.compile_record().whole) {
    out.facts.emplace_back(std::string("the network's ") + (whole.is_input ? "input '" : "output '") + whole.name + "'",
                           whole.to_string());
  }
  return out;
}

Description describe_arrays(const std::vector<Array>& arrays) {
  const std::string text = "input data, " + std::to_string(arrays.size()) + (arrays.size() == 1 ? " array" : " arrays");
  Rows rows;
  Json list = Json::array();
  for (const Array& array : arrays) {
    const std::string name = array.name.empty() ? "array " + std::to_string(rows.size()) : array.name;
    std::string row = shape_text(array.shape) + (array.kind == ArrayKind::kLevels ? ", picture levels" : ", numbers");
    Json entry = {{"name", array.name},
                  {"shape", array.shape},
                  {"values", array.kind == ArrayKind::kLevels ? "levels" : "numbers"}};
    if (!array.data.empty()) {
      const auto [lo, hi] = std::minmax_element(array.data.begin(), array.data.end());
      row += " from " + decimal(*lo, 4) + " to " + decimal(*hi, 4);
      entry["lowest"] = *lo;
      entry["highest"] = *hi;
    }
    rows.emplace_back(name, row);
    list.push_back(std::move(entry));
  }
  return {text, std::move(rows), "", {}, "input_data", {{"arrays", std::move(list)}}};
}

// "commitment_payload": what programs call a kind that has no description of its own.
Description describe_frame(const FileFormat& format, const char* kind, const char* use) {
  return {std::string(format.name), {{"version", std::to_string(format.version)}, {"use", use}}, "", {}, kind};
}

Result<Description> describe_secret(const std::string& path, const SlotFileKind& kind, const char* use) {
  ZKI_ASSIGN_OR_RETURN(const SlotFile file, SlotFile::open(path, kind));
  ZKI_ASSIGN_OR_RETURN(const CommitmentInfo info, read_commitment_secret(file.payload()));
  const bool is_root = info.role == CommitmentRole::kRoot;
  Description out{std::string(kind.format().name) + " (secret)", {{"identity", to_hex(info.model_identity)}}};
  out.kind = kind.format().kind == FileKind::kCommitmentBackup ? "commitment_backup"
             : is_root                                         ? "root_secret"
                                                               : "commitment_secret";
  out.json = {{"identity", to_hex(info.model_identity)}, {"budget", info.budget}};
  add_slots(out, file.slots());
  out.facts.emplace_back("use", use);
  return out;
}

Result<Description> describe_ours(const InspectArguments& arguments, const FileFormat& format) {
  const std::string& path = arguments.path;
  switch (format.kind) {
    case FileKind::kModel: {
      ZKI_ASSIGN_OR_RETURN(const Model model, load_model(path));
      return describe_model(model, arguments);
    }
    case FileKind::kTensorSecret: return describe_opening(path);
    case FileKind::kCommitmentSecret:
      return describe_secret(path, kModelSecretFile, "`zkinfer commitment status` says how many proofs that makes");
    case FileKind::kCommitmentBackup:
      return describe_secret(path, kRootBackupFile, "can only be restored: `zkinfer commitment restore`");
    case FileKind::kKey: {
      ZKI_ASSIGN_OR_RETURN(const VerificationKey key, load_key(path, 0, arguments.limits));
      return describe_key(key, arguments);
    }
    case FileKind::kTensorCommitment: {
      ZKI_ASSIGN_OR_RETURN(const TensorCommitment commitment, load_data_commitment(path));
      return describe_commitment("tensor commitment", commitment);
    }
    case FileKind::kDataSet: return describe_data_set(path);
    case FileKind::kCodeFile:
      return Description{
          "code file (secret)",
          {{"use", "the code word of a commitment's weights; `zkinfer commit` and `prove` make it again"}},
          "",
          {},
          "code_file"};
    default: break;
  }
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_kind(path, format.kind));
  ZKI_RETURN_IF_ERROR(check_frame(format.kind, bytes));
  switch (format.kind) {
    case FileKind::kBatch:
    case FileKind::kProof: return describe_proof(bytes, arguments);
    case FileKind::kEvaluation: return describe_evaluation(bytes);
    case FileKind::kEncryption: return describe_encryption(bytes);
    case FileKind::kSealedWeights:
      return describe_frame(format, "sealed_weights",
                            "a model's weights, encrypted; `zkinfer verify-sealed` checks them, `unseal` opens them");
    case FileKind::kKeyShares:
      ZKI_RETURN_IF_ERROR(KeyShares::from_bytes(bytes).status());
      return describe_frame(format, "key_shares", "secret: opens sealed weights, both of them together");
    case FileKind::kCertificate: return describe_certificate(bytes, arguments);
    case FileKind::kPath: return describe_path(bytes, arguments);
    case FileKind::kBundle: return describe_bundle(bytes, arguments);
    case FileKind::kAuditKey: return describe_audit_key(bytes);
    case FileKind::kProofPlan: return describe_plan(bytes);
    case FileKind::kProofPart: return describe_part(bytes);
    case FileKind::kRotation: return describe_frame(format, "rotation", "shows that two keys hold the same weights");
    case FileKind::kJoint: return describe_joint(bytes);
    case FileKind::kSeat: return describe_seat(bytes);
    default: return describe_frame(format, "part", "none: it is no file by itself");
  }
}

// Of regular files; pipes have none.
std::string size_text(const std::string& path) {
  std::error_code error;
  const std::uintmax_t num_bytes = std::filesystem::file_size(path, error);
  return error ? "" : ", " + human_bytes(num_bytes);
}

// Options that this kind of file does not take would change nothing, unseen.
Status refuse_other_options(const InspectArguments& arguments, const FileFormat* format,
                            const std::string& other = {}) {
  const auto refuse = [&](const std::string& option, const char* kinds) {
    return invalid_argument(option + " is for " + kinds + ", and " + in_quotes(arguments.path) + " is " +
                            (format == nullptr ? other.empty() ? std::string("none") : "a " + other
                                               : std::string(format->article()) + " " + std::string(format->name)));
  };
  const auto is_one_of = [&](std::initializer_list<FileKind> kinds) {
    return format != nullptr && std::ranges::find(kinds, format->kind) != kinds.end();
  };
  if (!arguments.onnx_option.empty() && (format != nullptr || !other.empty()))
    return refuse(arguments.onnx_option, "networks");
  if (!arguments.structure_option.empty() && !is_one_of({FileKind::kKey, FileKind::kModel}))
    return refuse(arguments.structure_option, "keys and model packages");
  if (!arguments.key_path.empty() &&
      !is_one_of({FileKind::kProof, FileKind::kBatch, FileKind::kBundle, FileKind::kPath, FileKind::kCertificate}))
    return refuse("--key", "what is checked against one");
  return ok_status();
}

// What is said of bytes that are no network in any format.
constexpr char kNoNetwork[] = "no ONNX model";

Result<Description> describe(const InspectArguments& arguments) {
  // A network may be a folder (SavedModel).
  if (std::error_code error; std::filesystem::is_directory(arguments.path, error)) {
    ZKI_ASSIGN_OR_RETURN(std::optional<Description> folder, describe_folder(arguments.path));
    if (!folder.has_value()) return describe_network(arguments);
    ZKI_RETURN_IF_ERROR(refuse_other_options(arguments, nullptr, folder->what));
    return std::move(*folder);
  }
  ZKI_ASSIGN_OR_RETURN(const FileFormat* format, kind_of_file(arguments.path));
  if (format == nullptr) {
    ZKI_ASSIGN_OR_RETURN(std::optional<Description> text, describe_text(arguments.path));
    if (text.has_value()) {
      ZKI_RETURN_IF_ERROR(refuse_other_options(arguments, nullptr, text->what));
      text->what += size_text(arguments.path);
      return std::move(*text);
    }
  }
  ZKI_RETURN_IF_ERROR(refuse_other_options(arguments, format));
  if (format != nullptr) {
    Result<Description> text = describe_ours(arguments, *format);
    // "proof, 92 KiB, against ..": the size behind the name of the kind.
    if (text.ok() && !text->what.empty()) {
      std::size_t end = text->what.find(" against ");
      if (end == std::string::npos) end = text->what.find(" from ");
      text->what.insert(std::min(end, text->what.size()), size_text(arguments.path));
    }
    // Readers of bytes do not know the file's name.
    const std::string name = in_quotes(arguments.path);
    // What is wrong with the key is the key's alone.
    if (!text.ok() && !arguments.key_path.empty()) {
      if (const Status wrong = load_key(arguments.key_path, 0, arguments.limits).status(); !wrong.ok())
        return wrong.with_context("--key");
    }
    if (!text.ok() && text.status().message().find(name) == std::string::npos) return text.status().with_context(name);
    return text;
  }
  if (arguments.onnx_option.empty()) {
    // A language model's file may hold its tokenizer, and is more than that.
    Result<std::optional<Description>> tokenizer = describe_tokenizer(arguments.path);
    if (!tokenizer.ok()) return tokenizer.status();
    if (tokenizer->has_value()) {
      Result<Description> network = describe_network(arguments);
      Description& found = network.ok() && !network->what.empty() ? *network : **tokenizer;
      found.what += size_text(arguments.path);
      return std::move(found);
    }
  }
  // The first bytes say what it is, and that reader says what is wrong with it. A network in ONNX begins like nothing else.
  ZKI_ASSIGN_OR_RETURN(const std::string opened, opened_path(arguments.path));
  if (is_input_file(opened)) {
    if (!arguments.onnx_option.empty())
      return invalid_argument(arguments.onnx_option + " is for networks, and " + in_quotes(arguments.path) +
                              " is input data");
    ZKI_ASSIGN_OR_RETURN(const std::vector<Array> arrays, read_arrays(arguments.path));
    return describe_arrays(arrays);
  }
  Result<Description> network = describe_network(arguments);
  if (network.ok() && !network->what.empty()) network->what += size_text(arguments.path);
  if (network.ok() || network.status().message().find(kNoNetwork) == std::string::npos) return network;
  return invalid_argument(
      in_quotes(arguments.path) +
      ": neither a file of zkinfer nor .json, .npy, .npz, .png, IDX (canonical bytes, which `zkinfer digest "
      "--write-input-data` writes, begin like nothing: `zkinfer verify --input-data` reads them); as a network: " +
      network.status().message());
}

}  // namespace

void add_inspect(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<InspectArguments>();
  CLI::App* command = app.add_subcommand("inspect", "say what a file is, and what is in it");
  command->add_option("file", arguments->path, "any file that zkinfer reads or writes; - is standard input")
      ->type_name(kReadsFile)
      ->required();
  command
      ->add_option("-k,--key", arguments->key_path,
                   "of a proof, bundle, path or certificate: the root key that it is checked against")
      ->type_name(kReadsFile);
  add_verify_limits(*command, arguments->limits);
  command
      ->add_flag("--graph{text}", arguments->graph,
                 "of a key or a model package: the structure, what proofs speak of; --graph=dot for Graphviz")
      ->check(CLI::IsMember({"text", "dot"}));
  command->add_flag("--tables", arguments->tables, "the same as text, with every row of its tables");
  command->add_option("--format", arguments->format, "of a network")
      ->check(CLI::IsMember({"text", "dot"}))
      ->capture_default_str();
  command->add_flag("--legalized", arguments->legalized, "of a network: the graph after the compiler's passes");
  add_network_options(*command, arguments->network, "of a network: ");
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer inspect network.onnx --legalized\n"
      "  zkinfer inspect network.onnx --format dot | dot -Tsvg > network.svg\n"
      "  zkinfer inspect network.zkkey --graph\n"
      "  zkinfer inspect network.zkkey --graph=dot | dot -Tsvg > structure.svg\n"
      "  zkinfer inspect input.zkproof --key network.zkkey\n"
      "  zkinfer inspect 3f2a91c04d5e6f70.zkpath --key network.zkkey");
  command->callback([arguments, command, &session] {
    for (const char* option : {"--legalized", "--format", "--shape", "--tokens", "--head"}) {
      if (command->count(option) > 0) arguments->onnx_option = option;
    }
    for (const char* option : {"--graph", "--tables"}) {
      if (command->count(option) > 0) arguments->structure_option = option;
    }
    session.run([&]() -> CommandResult {
      ZKI_ASSIGN_OR_RETURN(Description found, describe(*arguments));
      for (const std::string& warning : found.warnings) session.warn(warning);
      if (!found.rest.empty() && !found.rest.ends_with('\n')) found.rest += '\n';
      const std::string shown =
          (found.what.empty() ? "" : printable(found.what) + "\n") + pairs_text(found.facts) + found.rest;
      if (session.json) {
        nlohmann::ordered_json json = {{"file", arguments->path}, {"kind", found.kind}};
        json.update(found.json);
        json["text"] = shown;
        print_result(session, std::move(json));
        return ExitCode::kDone;
      }
      print_lines(shown);
      return ExitCode::kDone;
    });
  });
}

}  // namespace zkinfer::cli
