// SPDX-License-Identifier: Apache-2.0
// zkinfer demo: the whole story on a trained network and a real picture, in the terminal and as a page.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/files.h"
#include "base/text.h"
#include "command.h"
#include "demo/picture.h"
#include "files.h"
#include "output_files.h"
#include "outputs.h"
#include "print.h"
#include "progress.h"
#include "report/report.h"
#include "result_json.h"
#include "stopwatch.h"
#include "text.h"
#include "zkinfer/compile.h"
#include "zkinfer/hex.h"
#include "zkinfer/inspect.h"

namespace zkinfer::cli {
namespace {

constexpr char kContext[] = "demo order 1";

struct Arguments {
  std::string examples = "examples", output = "build/demo", picture_path;
  int digit = 7;
};

// What the demo leaves behind. The commitment's secret stays in memory: nobody needs more proofs of it.
struct DemoFiles {
  OutputFiles all;
  OutputFiles::Id model = 0, certificate = 0, key = 0, proof = 0, report = 0;

  Status prepare(const std::string& folder) {
    model = all.add("--output", folder + "/digits.zkmodel", FileKind::kModel);
    certificate = all.add("--output", folder + "/digits.zkcert", FileKind::kCertificate);
    key = all.add("--output", folder + "/digits.zkkey", FileKind::kKey);
    proof = all.add("--output", folder + "/digit.zkproof", FileKind::kProof);
    report = all.add_text("--output", folder + "/report.html", "<!doctype html>");
    return all.prepare();
  }
};

void heading(int step, const char* text) {
  const bool colour = stdout_has_colour();
  print_styled(std::string("\n") + (colour ? "\033[1m" : "") + std::to_string(step) + ". " + text +
               (colour ? "\033[0m" : "") + "\n");
  static_cast<void>(finish_output());
}

ByteView view(const std::string& text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

VerifyRequest request_of(const CheckedWeights& weights, const std::string& context) {
  VerifyRequest request;
  request.weights = weights;
  request.context = Bytes(context.begin(), context.end());
  return request;
}

// A model with everything the demo needs of it.
struct Party {
  std::string onnx_path;
  std::vector<TensorInfo> inputs;
  std::vector<RealInputs> calibration;
};

Result<Party> load_party(const std::string& onnx_path, const std::string& calibration_path) {
  Party party;
  party.onnx_path = onnx_path;
  ZKI_ASSIGN_OR_RETURN(party.inputs, network_inputs(onnx_path));
  ZKI_ASSIGN_OR_RETURN(party.calibration, read_samples({calibration_path}, party.inputs, {}));
  return party;
}

// The key that an honest verifier of another model would hold.
Result<VerificationKey> key_of_other_model(const Party& party, const CompileOptions& options) {
  ZKI_ASSIGN_OR_RETURN(const Model model, compile_network(party.onnx_path, party.calibration, options));
  ZKI_ASSIGN_OR_RETURN(const Prover prover, Prover::create(model));
  return VerificationKey::from_bytes(prover.verification_key(), 0, kNoVerifyLimits);
}

// Share of test pictures whose label is the integer model's arg max.
Status measure_accuracy(const Arguments& arguments, const Party& party, const Model& model, Report& data) {
  const std::string folder = arguments.examples + "/digits/";
  ZKI_ASSIGN_OR_RETURN(const std::vector<RealInputs> pictures, read_samples({folder + "test.npy"}, party.inputs, {}));
  ZKI_ASSIGN_OR_RETURN(const std::vector<Array> labels, read_arrays(folder + "test_labels.npy"));
  if (labels.front().data.size() != pictures.size()) return corrupt("test.npy and test_labels.npy differ in length");
  std::size_t hits = 0;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(const RunResult result, model.run(pictures[i]));
    hits += arg_max(result.outputs.front()) == static_cast<std::size_t>(labels.front().data[i]) ? 1 : 0;
  }
  data.num_test_pictures = pictures.size();
  data.test_accuracy = static_cast<double>(hits) / static_cast<double>(pictures.size());
  ZKI_ASSIGN_OR_RETURN(data.fidelity, measure_fidelity(party.onnx_path, model, pictures));
  return {};
}

// Where the proof carries the outputs: the first run of bytes that spells them as little-endian 64-bit integers.
std::optional<std::size_t> find_outputs(ByteView proof, const std::vector<std::int64_t>& outputs) {
  ByteWriter writer;
  for (const std::int64_t value : outputs) writer.i64(value);
  const Bytes& needle = writer.bytes();
  const auto found = std::search(proof.begin(), proof.end(), needle.begin(), needle.end());
  if (found == proof.end()) return std::nullopt;
  return static_cast<std::size_t>(found - proof.begin());
}

Status try_attacks(const Arguments& arguments, const Party& party, const VerificationKey& key, const Bytes& proof,
                   Report& data) {
  const auto attempt = [&](const char* title, const std::string& detail, const VerificationKey& with, ByteView bytes,
                           const char* context) {
    const Stopwatch watch;
    const VerifyResult result = verify(with, bytes, request_of(CheckedWeights::uncertified(), context));
    data.attacks.push_back({title, detail, result.verdict, watch.seconds()});
  };
  if (const std::optional<std::size_t> at = find_outputs(proof, data.outputs); at.has_value()) {
    Bytes changed = proof;
    const std::size_t other = (arg_max(data.outputs) + 1) % data.outputs.size();
    const std::size_t top = arg_max(data.outputs);
    std::swap_ranges(changed.begin() + static_cast<std::ptrdiff_t>(*at + 8 * top),
                     changed.begin() + static_cast<std::ptrdiff_t>(*at + 8 * top + 8),
                     changed.begin() + static_cast<std::ptrdiff_t>(*at + 8 * other));
    attempt("Claim another class",
            "the logits of " + std::to_string(top) + " and " + std::to_string(other) + " exchanged in the proof", key,
            changed, kContext);
  }
  Bytes flipped = proof;
  flipped[flipped.size() / 2] ^= 1;
  attempt("Change one bit", "of byte " + human_count(flipped.size() / 2) + " of the proof", key, flipped, kContext);
  attempt("Cut the proof off", "last byte missing", key, ByteView(proof).first(proof.size() - 1), kContext);
  attempt("Use an old proof again", "for another order: the context differs", key, proof, "demo order 2");

  CompileOptions cheaper;
  cheaper.weight_bits = 4;
  ZKI_ASSIGN_OR_RETURN(const VerificationKey cheap_key, key_of_other_model(party, cheaper));
  attempt("Answer with another model than promised", "promised: this network with 4-bit weights", cheap_key, proof,
          kContext);
  const std::string folder = arguments.examples + "/mlp/";
  ZKI_ASSIGN_OR_RETURN(const Party other, load_party(folder + "mlp.onnx", folder + "calibration.json"));
  ZKI_ASSIGN_OR_RETURN(const VerificationKey other_key, key_of_other_model(other, {}));
  attempt("Use another model's key", "the key of the iris network", other_key, proof, kContext);
  for (const Attack& attack : data.attacks) {
    if (attack.verdict.accepted()) return internal_error("accepted, but must not be: " + attack.title);
  }
  return {};
}

void print_outputs(const Report& data) {
  const bool colour = stdout_has_colour();
  const std::size_t top = arg_max(data.outputs);
  for (std::size_t i = 0; i < data.outputs.size(); ++i) {
    const auto length = static_cast<std::size_t>(40 * data.shares[i] + 0.5);
    std::string bar;
    for (std::size_t k = 0; k < length; ++k) bar += "█";
    const bool bold = colour && i == top;
    const auto right = [](std::string number, std::size_t width) {
      return std::string(width - std::min(width, number.size()), ' ') + number;
    };
    print_styled((bold ? "   \033[1m" : "   ") + std::to_string(i) + " " +
                 right(decimal(static_cast<double>(data.outputs[i]) * data.output_scale, 3), 9) + " " +
                 right(decimal(100 * data.shares[i], 2), 6) + " %  " + bar + (bold ? "\033[0m" : "") + "\n");
  }
}

Status tell_model(const Session& session, DemoFiles& files, const Arguments& arguments, const Party& party,
                  std::optional<Model>& model, Report& data) {
  heading(1, "Compile: a trained network becomes an integer model");
  ProgressLine progress(session, "compile");
  CompileOptions options;
  options.name = "digits";
  options.progress = progress.callback(0, 0.8);  // then its accuracy
  const Stopwatch watch;
  ZKI_ASSIGN_OR_RETURN(model, compile_network(party.onnx_path, party.calibration, options));
  data.compile_seconds = watch.seconds();
  const Bytes package = model->to_bytes();
  data.model_bytes = package.size();
  ZKI_RETURN_IF_ERROR(files.all.write(files.model, package));
  data.model_name = model->name();
  data.num_parameters = model->num_parameters();
  ZKI_RETURN_IF_ERROR(measure_accuracy(arguments, party, *model, data));
  progress.clear();
  print_lines(
      pairs_text({{"parameters", human_count(data.num_parameters)},
                  {"time", human_seconds(data.compile_seconds)},
                  {"accuracy, integers", decimal(100 * data.test_accuracy, 2) + " % of " +
                                             human_count(data.num_test_pictures) + " test pictures"},
                  {"same class as floats", decimal(100 * data.fidelity.agreement().value_or(0), 2) + " %, cosine " +
                                               decimal(data.fidelity.cosine().value_or(0), 6)}}));
  return {};
}

Status tell_commit(const Session& session, DemoFiles& files, const Model& model, std::optional<Prover>& prover,
                   std::optional<VerificationKey>& key, CheckedWeights& weights, Report& data) {
  heading(2, "Commit: the weights get a public name and stay secret");
  ProgressLine progress(session, "commit");
  CommitOptions options;
  options.progress = progress.callback(0, 0.5);
  const Stopwatch watch;
  ZKI_ASSIGN_OR_RETURN(prover, Prover::create(model, options));
  data.commit_seconds = watch.seconds();
  ZKI_ASSIGN_OR_RETURN(key, VerificationKey::from_bytes(prover->verification_key(), 0, kNoVerifyLimits));
  data.key = key->info();
  data.key_bytes = prover->verification_key().size();
  data.identity = to_hex(data.key.model_identity);
  data.soundness_json = soundness_json(*key);
  ZKI_ASSIGN_OR_RETURN(const Bytes certificate, prover->certify(progress.callback(0.5, 1)));
  if (const Verdict verdict = CheckedWeights::from_certificate(*key, certificate, weights); !verdict.accepted()) {
    return internal_error("the demo's certificate is " + verdict.to_string());
  }
  ZKI_RETURN_IF_ERROR(files.all.write(files.certificate, certificate));
  ZKI_RETURN_IF_ERROR(files.all.write(files.key, prover->verification_key()));
  progress.clear();
  print_lines(
      pairs_text({{"identity", data.identity},
                  {"time", human_seconds(data.commit_seconds)},
                  {"verification key", human_bytes(data.key_bytes)},
                  {"certificate", human_bytes(certificate.size()) + ": the weights are integers in their ranges"},
                  {"soundness", decimal(data.key.security_bits, 1) + " bits"}}));
  return {};
}

Status tell_proof(const Session& session, DemoFiles& files, const Party& party, Prover& prover,
                  const VerificationKey& key, const CheckedWeights& weights, Bytes& proof, Report& data) {
  heading(3, "Prove: this picture goes in, a class and a proof come out");
  print_styled(picture_text(data.picture, stdout_has_colour(), 3));
  ZKI_ASSIGN_OR_RETURN(const std::vector<RealInputs> inputs, to_samples({data.picture}, party.inputs, {}));
  {
    ProgressLine progress(session, "prove");
    reset_peak_memory();
    ZKI_ASSIGN_OR_RETURN(ProofResult result, prover.prove(inputs.front(), view(kContext), progress.callback()));
    data.peak_memory = peak_memory_bytes();
    data.stats = result.stats;
    proof = std::move(result.proof);
  }
  data.proof_bytes = proof.size();
  ZKI_RETURN_IF_ERROR(files.all.write(files.proof, proof));
  print_lines(pairs_text({{"time", human_seconds(data.stats.total_seconds)},
                          {"proof", human_bytes(data.proof_bytes)},
                          {"peak memory", human_bytes(data.peak_memory)}}));

  heading(4, "Verify: with the key and the proof alone");
  const Stopwatch watch;
  const VerifyResult result = verify(key, proof, request_of(weights, kContext));
  data.verify_seconds = watch.seconds();
  if (!result.verdict.accepted()) return internal_error("the demo's proof is " + result.verdict.to_string());
  if (result.outputs.size() != 1 || result.outputs.front().integers.empty())
    return internal_error("expected one output tensor");
  data.outputs = result.outputs.front().integers;
  data.output_scale = result.outputs.front().format.scale();
  data.shares = softmax(data.outputs, data.output_scale);
  data.size_table = proof_size_table(key, proof);
  const std::size_t top = arg_max(data.outputs);
  print("   ACCEPTED in {}: class {} with {} %{}\n", human_seconds(data.verify_seconds), top,
        decimal(100 * data.shares[top], 1),
        data.label < 0                        ? ""
        : static_cast<int>(top) == data.label ? ", which is what was drawn"
                                              : " (the network is wrong here, and provably so)");
  print_outputs(data);
  return {};
}

// For programs: what was told, in numbers.
nlohmann::ordered_json told_json(const Arguments& arguments, const Report& data) {
  auto attacks = nlohmann::ordered_json::array();
  for (const Attack& attack : data.attacks) {
    attacks.push_back({{"title", attack.title},
                       {"reason", std::string(reject_reason_name(attack.verdict.reason))},
                       {"where", attack.verdict.where}});
  }
  return {{"identity", data.identity},
          {"parameters", data.num_parameters},
          {"test_accuracy", data.test_accuracy},
          {"num_test_pictures", data.num_test_pictures},
          {"outputs", data.outputs},
          {"scale", data.output_scale},
          {"class", arg_max(data.outputs)},
          {"compile_seconds", data.compile_seconds},
          {"commit_seconds", data.commit_seconds},
          {"prove_seconds", data.stats.total_seconds},
          {"verify_seconds", data.verify_seconds},
          {"peak_memory_bytes", data.peak_memory},
          {"model_bytes", data.model_bytes},
          {"key_bytes", data.key_bytes},
          {"proof_bytes", data.proof_bytes},
          {"attacks", attacks},
          {"proof", arguments.output + "/digit.zkproof"},
          {"key", arguments.output + "/digits.zkkey"},
          {"report", arguments.output + "/report.html"}};
}

CommandResult demo(const Session& session, const Arguments& arguments) {
  if (session.json) print_to_standard_error();  // the story
  std::error_code error;
  if (!std::filesystem::is_directory(arguments.examples + "/digits", error)) {
    return invalid_argument(
        "there is no folder " + in_quotes(arguments.examples + "/digits") +
        "; the demo is for zkinfer's source tree, elsewhere name its folder examples with --examples");
  }
  std::filesystem::create_directories(arguments.output, error);
  if (error) return io_error("cannot make the folder " + in_quotes(arguments.output) + ": " + error.message());
  DemoFiles files;
  ZKI_RETURN_IF_ERROR(files.prepare(arguments.output));
  Report data;
  data.machine = this_machine();
  data.context = kContext;
  const std::string folder = arguments.examples + "/digits/";
  data.label = arguments.picture_path.empty() ? arguments.digit : -1;
  data.picture_path = arguments.picture_path.empty() ? folder + "digit_" + std::to_string(arguments.digit) + ".png"
                                                     : arguments.picture_path;
  ZKI_ASSIGN_OR_RETURN(const std::vector<Array> arrays, read_arrays(data.picture_path));
  data.picture = arrays.front();
  if (!data.picture.is_picture || data.picture.shape != std::vector<std::int64_t>{8, 8, 1}) {
    return invalid_argument("'" + data.picture_path + "': expected a grey PNG of 8x8 pixels, white on black");
  }
  ZKI_ASSIGN_OR_RETURN(const Party party, load_party(folder + "digits.onnx", folder + "calibration.npy"));
  std::optional<Model> model;
  std::optional<Prover> prover;
  std::optional<VerificationKey> key;
  CheckedWeights weights;
  Bytes proof;
  ZKI_RETURN_IF_ERROR(tell_model(session, files, arguments, party, model, data));
  ZKI_RETURN_IF_ERROR(tell_commit(session, files, *model, prover, key, weights, data));
  ZKI_RETURN_IF_ERROR(tell_proof(session, files, party, *prover, *key, weights, proof, data));

  heading(5, "Cheat: every attempt is rejected, with reason and place");
  ZKI_RETURN_IF_ERROR(try_attacks(arguments, party, *key, proof, data));
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Attack& attack : data.attacks)
    rows.emplace_back(attack.title, "REJECTED: " + verdict_text(attack.verdict));
  print_lines(pairs_text(rows));

  const std::string report_path = arguments.output + "/report.html";
  data.headline =
      "A network that nobody sees read a picture that nobody sees: a " + std::to_string(arg_max(data.outputs));
  data.lead =
      "The proof shows that the model with the identity below gave exactly these outputs on some picture. It shows "
      "neither the " +
      human_count(data.num_parameters) + " weights nor the picture, which is drawn here only because this is a demo.";
  data.made_by = "make demo";
  ZKI_RETURN_IF_ERROR(files.all.write(files.report, report_html(data)));
  ZKI_RETURN_IF_ERROR(files.all.publish());
  print("\nReport: {}\nTry it yourself: zkinfer verify {}/digit.zkproof --key {}/digits.zkkey\n", report_path,
        arguments.output, arguments.output);
  if (session.json) {
    print_to_standard_error(false);
    print_result(session, told_json(arguments, data));
  }
  return ExitCode::kDone;
}

}  // namespace

void add_demo(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("demo", "prove and verify one picture of a trained digits network; writes a report page");
  command->add_option("--examples", arguments->examples, "folder of the examples")
      ->type_name("FOLDER")
      ->capture_default_str();
  command->add_option("-o,--output", arguments->output, "folder for report.html, key and proof")
      ->type_name("FOLDER")
      ->capture_default_str();
  command->add_option("--digit", arguments->digit, "which of the ten pictures")
      ->check(CLI::Range(0, 9))
      ->capture_default_str();
  command
      ->add_option("-i,--input", arguments->picture_path, "a picture of your own: grey PNG, 8x8 pixels, white on black")
      ->type_name(kReadsFile);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n  zkinfer demo\n  zkinfer demo --digit 3 --output /tmp/demo\n  zkinfer demo --examples "
      "~/zkinfer/examples");
  command->callback([arguments, &session] { session.run([&] { return demo(session, *arguments); }); });
}

}  // namespace zkinfer::cli
