// SPDX-License-Identifier: Apache-2.0
// zkinfer embed: what a language model without a choice makes of a text, as an encoder's embedding, and the proof of it.
#include <memory>

#include "command.h"
#include "committed.h"
#include "files.h"
#include "generation.h"
#include "output_files.h"
#include "outputs.h"
#include "print.h"
#include "progress.h"
#include "proved_file.h"
#include "result_json.h"
#include "signals.h"
#include "stopwatch.h"
#include "text.h"
#include "verify_words.h"
#include "zkinfer/generate.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string model_path, tokenizer_path, text, secret_path, output_path, context;
  bool prove = false, plain = false, force = false;
};

struct EncodedText {
  std::size_t words = 0;             // tokens without padding
  std::vector<std::int64_t> tokens;  // as the model reads them
};

Result<EncodedText> read_text(Session& session, const Arguments& arguments, const Tokenizer& tokenizer,
                              const Model& model) {
  ZKI_ASSIGN_OR_RETURN(const TensorInfo input, encoder_input(model));
  ZKI_RETURN_IF_ERROR(check_vocabulary(session, tokenizer, arguments.tokenizer_path, input));
  ZKI_ASSIGN_OR_RETURN(const std::string text, given_text(arguments.text));
  ZKI_ASSIGN_OR_RETURN(const std::vector<int> encoded, tokenizer.encode(text, {true, !arguments.plain}));
  const std::vector<std::int64_t> tokens(encoded.begin(), encoded.end());
  Result<std::vector<std::int64_t>> padded = encoder_text(model, tokens);
  if (!padded.ok()) return padded.status().with_context("--text");
  return EncodedText{tokens.size(), std::move(*padded)};
}

// "5 tokens", "5 tokens of 128"
std::string tokens_text(const EncodedText& text) {
  return counted(text.words, "token") +
         (text.words == text.tokens.size() ? "" : " of " + std::to_string(text.tokens.size()));
}

CommandResult embed(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const Bytes context, parse_context(arguments.context));
  if (!context.empty() && !arguments.prove) return invalid_argument("--context is for proofs: add --prove");
  ZKI_ASSIGN_OR_RETURN(const std::optional<Tokenizer> tokenizer, load_tokenizer(arguments.tokenizer_path));
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.model_path));
  ZKI_ASSIGN_OR_RETURN(const EncodedText text, read_text(session, arguments, *tokenizer, model));
  const std::vector<std::int64_t>& tokens = text.tokens;
  const std::vector<std::int64_t> dims = model.inputs()[0].shape;
  const Stopwatch watch;
  ZKI_ASSIGN_OR_RETURN(const RunResult run, model.run(std::vector<TensorView>{{Dtype::kInt64, dims, tokens.data()}}));
  const double run_seconds = watch.seconds();
  const std::vector<OutputTensor> outputs = output_tensors(model.outputs(), run.outputs);

  std::optional<ProvedFile> proved;
  std::optional<Committed> committed;
  double restore_seconds = 0;
  if (arguments.prove) {
    OutputFiles files(arguments.force);
    for (const std::string* path : {&arguments.model_path, &arguments.tokenizer_path, &arguments.secret_path})
      files.reads(*path);
    if (session.json) files.keep_standard_output();
    const OutputFiles::Id output = files.add("--output", arguments.output_path, FileKind::kProof);
    ZKI_RETURN_IF_ERROR(files.prepare());
    ProgressLine line(session, "embed");
    const Stopwatch restore_watch;
    ZKI_ASSIGN_OR_RETURN(committed, Committed::serve(model, arguments.secret_path, told(session, line, kServingShare)));
    restore_seconds = restore_watch.seconds();
    if (committed->key().info().inputs.is_committed())
      return invalid_argument("the key's inputs are committed: commit to the tokens (commit-tensor) and use `prove`");
    ZKI_RETURN_IF_ERROR(files.reserve(output, committed->proof_room()));
    if (!committed->path().empty()) ZKI_RETURN_IF_ERROR(check_path_beside(arguments.output_path, *committed));
    ProveRequest request;
    request.integers = {tokens};
    request.context = context;
    request.progress = line.callback(kServingShare, 1);
    ZKI_ASSIGN_OR_RETURN(proved, prove_to_file(*committed, request, files, output, arguments.output_path));
    line.clear();
  }
  if (session.json) {
    nlohmann::ordered_json json = {{"tokens", tokens},
                                   {"num_words", text.words},
                                   {"tokenizer_digest", to_hex(tokenizer->digest())},
                                   {"outputs", outputs_json(outputs)},
                                   {"run_seconds", run_seconds}};
    if (proved.has_value()) add_proved(json, *proved, arguments.output_path, restore_seconds);
    json["total_seconds"] = process_seconds();
    print_result(session, std::move(json));
  } else {
    print_lines(tensors_text("output", outputs, Shown::kFirst));
    if (!session.quiet) print("{} in {}\n", tokens_text(text), human_seconds(run_seconds));
    if (!session.quiet && proved.has_value()) {
      print_lines(proved_text(*proved, restore_seconds));
      print("wrote {}\n", output_name(arguments.output_path));
      print_path_beside(proved->path_file, proved->path_bytes);
      const std::string words = verify_command(
          committed->key().info(),
          {arguments.output_path, arguments.model_path, arguments.secret_path, arguments.context, "", "", {}}, false);
      print("check with: {} --tokenizer {}\n", words, shell_word(arguments.tokenizer_path));
    }
  }
  if (committed.has_value() && StopSignals::stopped_by() == 0) {
    ZKI_RETURN_IF_ERROR(finish_output());
    committed->rotate_ahead();
  }
  return ExitCode::kDone;
}

}  // namespace

void add_embed(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("embed", "a text's embedding by an encoder, and the proof of it");
  command
      ->add_option("model", arguments->model_path,
                   "model package (.zkmodel) of a language model compiled with --head mean, first or none, or of a "
                   "text classifier")
      ->type_name(kReadsFile)
      ->required();
  add_tokenizer_option(*command, arguments->tokenizer_path);
  command->get_option("--tokenizer")->required();
  command->add_option("--text", arguments->text, "the text; - reads it from standard input")->required();
  command->add_flag("--prove", arguments->prove, "prove and check it");
  command->add_flag("--plain", arguments->plain, "special tokens that are written in the text are text");
  add_secret_option(*command, arguments->secret_path);
  command->add_option("-o,--output", arguments->output_path, "proof to write (default: the model's name with .zkproof)")
      ->type_name(kWritesFile);
  command->add_option("--context", arguments->context,
                      "up to 32 bytes bound into the proof against replay: text, or hex:00ff..");
  add_force_flag(*command, arguments->force);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer compile all-MiniLM-L6-v2 --tokens 8 -o minilm.zkmodel && zkinfer commit minilm.zkmodel --inputs "
      "public\n"
      "  zkinfer embed minilm.zkmodel --tokenizer all-MiniLM-L6-v2 --text \"A cat sat on the mat\" --prove\n"
      "  zkinfer verify minilm.zkproof --key minilm.zkkey --tokenizer all-MiniLM-L6-v2\n"
      "The text has at most as many tokens as the model reads; padding, which no word sees, fills the rest. Whether "
      "verifiers see it, `commit --inputs` says.");
  command->callback([arguments, &session] {
    name_after(arguments->model_path, ".zksecret", "--secret", arguments->secret_path);
    name_after(arguments->model_path, ".zkproof", "--output", arguments->output_path);
    session.run([&] { return embed(session, *arguments); });
  });
}

}  // namespace zkinfer::cli
