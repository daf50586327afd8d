// SPDX-License-Identifier: Apache-2.0
// zkinfer generate: a language model's answer to a prompt, and the proof of it.
#include <algorithm>
#include <memory>

#include "command.h"
#include "committed.h"
#include "files.h"
#include "generation.h"
#include "machine.h"
#include "option_words.h"
#include "output_files.h"
#include "print.h"
#include "progress.h"
#include "proved_file.h"
#include "result_json.h"
#include "signals.h"
#include "stopwatch.h"
#include "text.h"
#include "turns.h"
#include "verify_words.h"
#include "zkinfer/generate.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string model_path, tokenizer_path, prompt, secret_path, output_path, context;
  std::optional<std::uint32_t> most_tokens;
  SamplingOptions sampling;
  std::string hide;          // prompt, answer, both; empty: neither
  std::string earlier_path;  // the proof of the turn before
  bool prove = false, plain = false, force = false;

  ShownText shown() const { return {hide.empty() || hide == "answer", hide.empty() || hide == "prompt"}; }
};

GenerationContext context_of(const Generated& generated) {
  GenerationContext out{};
  std::ranges::copy(generated.context, out.begin());
  return out;
}

class GenerateCommand {
 public:
  GenerateCommand(Session& session, const Arguments& arguments)
      : session_(session), arguments_(arguments), line_(session, "generate") {}
  CommandResult run();

 private:
  Result<std::vector<std::int64_t>> read_prompt() const;
  Status prepare();
  Status answer(std::span<const std::int64_t> prompt);
  Status prove();
  void print_all() const;

  Session& session_;
  const Arguments& arguments_;
  ProgressLine line_;
  std::optional<Tokenizer> tokenizer_;
  std::optional<Model> model_;
  std::optional<Committed> committed_;
  std::optional<CausalModel> causal_;
  std::optional<OutputFiles> files_;
  OutputFiles::Id output_ = 0;
  GenerateOptions options_;
  Generated generated_;
  std::optional<ProvedFile> proved_;
  std::optional<EarlierTurn> earlier_;     // of a conversation
  std::vector<CommitmentPaths> openings_;  // of what the turn leaves
  double restore_seconds_ = 0, generate_seconds_ = 0;
};

Result<std::vector<std::int64_t>> GenerateCommand::read_prompt() const {
  ZKI_ASSIGN_OR_RETURN(const std::string text, given_text(arguments_.prompt));
  // In the middle of a text no token begins one.
  if (!arguments_.earlier_path.empty()) return continued_tokens(*tokenizer_, text, !arguments_.plain);
  return prompt_tokens(*tokenizer_, text, !arguments_.plain);
}

// Everything that can be refused is, before the model says a word.
Status GenerateCommand::prepare() {
  ZKI_ASSIGN_OR_RETURN(options_.context, parse_context(arguments_.context));
  ZKI_ASSIGN_OR_RETURN(options_.sampling, SamplingRule::of(arguments_.sampling));
  if (!options_.context.empty() && !arguments_.prove && !options_.sampling.has_value())
    return invalid_argument("--context is for proofs and for sampling: add --prove, or --temperature");
  ZKI_ASSIGN_OR_RETURN(tokenizer_, load_tokenizer(arguments_.tokenizer_path));
  ZKI_ASSIGN_OR_RETURN(model_, load_model(arguments_.model_path));
  ZKI_ASSIGN_OR_RETURN(const LanguageShape shape, language_shape(*model_));
  if (options_.sampling.has_value() && shape.num_candidates == 0) {
    return invalid_argument(in_quotes(arguments_.model_path) +
                            " gives its most likely tokens only; compile it with --candidates to draw them by " +
                            options_.sampling->to_string());
  }
  ZKI_RETURN_IF_ERROR(check_vocabulary(session_, *tokenizer_, arguments_.tokenizer_path, model_->inputs().front()));
  if (!arguments_.shown().everything() && !(shape.hides_text && arguments_.prove)) {
    return invalid_argument("--hide is for proofs" +
                            std::string(arguments_.prove ? " of models compiled with --hidden-text" : ": add --prove"));
  }
  if (!arguments_.earlier_path.empty() && (shape.conversation == 0 || !arguments_.prove)) {
    return invalid_argument("--continue is for proofs" + std::string(shape.conversation == 0
                                                                         ? " of models compiled with --conversation"
                                                                         : ": add --prove"));
  }
  if (!arguments_.prove) return ok_status();
  ZKI_RETURN_IF_ERROR(generation_context(1, 2, options_.context, options_.sampling).status());
  files_.emplace(arguments_.force);
  files_->reads(arguments_.model_path);
  files_->reads(arguments_.tokenizer_path);
  files_->reads(arguments_.secret_path);
  if (session_.json) files_->keep_standard_output();
  output_ = files_->add("--output", arguments_.output_path, FileKind::kProof);
  if (shape.conversation > 0) {
    ZKI_ASSIGN_OR_RETURN(openings_, commitment_paths("--output", with_extension(arguments_.output_path, ""), 1));
    files_->add_counted("--output", openings_[0].opening, FileKind::kTensorSecret);
  }
  ZKI_RETURN_IF_ERROR(files_->prepare());
  const Stopwatch watch;
  ZKI_ASSIGN_OR_RETURN(committed_,
                       Committed::serve(*model_, arguments_.secret_path, told(session_, line_, kServingShare)));
  line_.clear();
  restore_seconds_ = watch.seconds();
  const KeyInfo& info = committed_->key().info();
  if (shape.hides_text && info.inputs.is_committed()) {
    return invalid_argument(
        "the key's inputs are committed: a prompt is hidden or shown; commit to the model with --inputs private");
  }
  if (!info.outputs.is_public() || !(info.inputs.is_public() || shape.hides_text)) {
    return invalid_argument(
        "the key hides inputs or outputs, so a proof would not show prompt and answer; commit to the model with "
        "--inputs public, or compile it with --hidden-text");
  }
  if (!arguments_.shown().everything() && info.inputs.is_public())
    return invalid_argument("--hide: the key shows all inputs; commit to the model with --inputs private");
  ZKI_ASSIGN_OR_RETURN(causal_, CausalModel::of(committed_->key()));
  if (!arguments_.earlier_path.empty()) {
    ZKI_ASSIGN_OR_RETURN(earlier_,
                         load_earlier_turn(arguments_.earlier_path, with_extension(arguments_.secret_path, ".zkkey")));
  } else if (shape.conversation > 0) {
    ZKI_ASSIGN_OR_RETURN(CommittedTensor nothing, new_history(committed_->key()));
    earlier_.emplace(EarlierTurn{0, {}, std::move(nothing)});
  }
  if (earlier_.has_value()) options_.before = {earlier_->num_tokens, &earlier_->history};
  ZKI_RETURN_IF_ERROR(files_->reserve(output_, committed_->proof_room()));
  if (!committed_->path().empty()) ZKI_RETURN_IF_ERROR(check_path_beside(arguments_.output_path, *committed_));
  return ok_status();
}

Status GenerateCommand::answer(std::span<const std::int64_t> prompt) {
  const bool shows = !session_.json;
  TextStream stream(*tokenizer_, {false, true});
  GenerateOptions options = options_;
  if (arguments_.most_tokens.has_value()) options.most_tokens = *arguments_.most_tokens;
  ZKI_RETURN_IF_ERROR(check_prompt(*model_, prompt, options));
  if (arguments_.most_tokens.has_value()) {
    ZKI_ASSIGN_OR_RETURN(const LanguageShape shape, language_shape(*model_));
    const std::string shorter =
        shorter_answer(shape, prompt.size(), *arguments_.most_tokens, options.before.num_tokens);
    if (!shorter.empty()) session_.warn("--tokens: " + shorter);
  }
  if (shows) print_lines(printable_lines(tokens_text(*tokenizer_, prompt, false)));
  options.end_tokens.assign(tokenizer_->end_tokens().begin(), tokenizer_->end_tokens().end());
  options.told = [&](std::int64_t token) {
    if (!shows) return !StopSignals::stops_soon();
    const Result<std::string> text = token < tokenizer_->size() ? stream.push(static_cast<int>(token)) : std::string();
    if (text.ok()) print_lines(printable_lines(*text));
    return finish_output().ok() && !StopSignals::stops_soon();
  };
  const Stopwatch watch;
  ZKI_ASSIGN_OR_RETURN(generated_, generate(*model_, prompt, options));
  generate_seconds_ = watch.seconds();
  if (shows) print_lines(printable_lines(stream.finish()) + "\n");
  if (StopSignals::stops_soon())
    return {StatusCode::kCancelled, "stopped in the answer, behind token " + std::to_string(generated_.tokens.size())};
  return ok_status();
}

Status GenerateCommand::prove() {
  generated_.shown = arguments_.shown();
  ZKI_ASSIGN_OR_RETURN(ProveRequest request, generation_request(*model_, generated_));
  request.progress = line_.callback(kServingShare, 1);
  const VerifyResult* before = earlier_.has_value() && earlier_->said.has_value() ? &*earlier_->said : nullptr;
  const auto is_answer = [&](const VerifyResult& check) { return check_turn(*causal_, check, before).verdict; };
  ZKI_ASSIGN_OR_RETURN(
      proved_, prove_to_file(*committed_, request, *files_, output_, arguments_.output_path, is_answer, openings_));
  return ok_status();
}

void GenerateCommand::print_all() const {
  const std::size_t count = generated_.tokens.size() - generated_.num_prompt;
  const std::span<const std::int64_t> all(generated_.tokens);
  GenerationResult generation;
  generation.prompt.assign(all.begin(), all.begin() + generated_.num_prompt);
  generation.answer.assign(all.begin() + generated_.num_prompt, all.end());
  generation.num_prompt = generated_.num_prompt;
  generation.num_answer = static_cast<std::uint32_t>(count);
  generation.context = context_of(generated_);
  generation.sampling = generated_.sampling;
  generation.num_before = generated_.before.num_tokens;
  if (session_.json) {
    nlohmann::ordered_json json = generation_with_text_json(generation, tokenizer_);
    json["end"] = generation_end_name(generated_.end);
    json["generate_seconds"] = generate_seconds_;
    if (proved_.has_value()) {
      add_proved(json, *proved_, arguments_.output_path, restore_seconds_);
      if (!openings_.empty()) json["history"] = openings_[0].opening;
    }
    json["total_seconds"] = process_seconds();
    print_result(session_, std::move(json));
    return;
  }
  if (session_.quiet) return;
  print("{} in {}, then {}\n", counted(count, "token"), human_seconds(generate_seconds_),
        generation_end_name(generated_.end));
  if (!proved_.has_value()) return;
  print_lines(proved_text(*proved_, restore_seconds_));
  print("wrote {}\n", output_name(arguments_.output_path));
  print_path_beside(proved_->path_file, proved_->path_bytes);
  for (const CommitmentPaths& opening : openings_)
    print("wrote {} (secret: the next turn goes on from it, with --continue {})\n", opening.opening,
          arguments_.output_path);
  const std::string words = verify_command(
      committed_->key().info(),
      {arguments_.output_path, arguments_.model_path, arguments_.secret_path, arguments_.context, "", "", {}}, false);
  print("check with: {} --tokenizer {}{}\n", words, shell_word(arguments_.tokenizer_path),
        generated_.before.num_tokens > 0 ? ", behind the proofs of the turns before it" : "");
}

CommandResult GenerateCommand::run() {
  ZKI_RETURN_IF_ERROR(prepare());
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::int64_t> prompt, read_prompt());
  ZKI_RETURN_IF_ERROR(answer(prompt));
  if (arguments_.prove) ZKI_RETURN_IF_ERROR(prove());
  print_all();
  if (committed_.has_value() && StopSignals::stopped_by() == 0) {
    ZKI_RETURN_IF_ERROR(finish_output());
    committed_->rotate_ahead();
  }
  return ExitCode::kDone;
}

}  // namespace

void add_generate(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("generate", "a language model's answer to a prompt, and the proof of it");
  command->add_option("model", arguments->model_path, "model package (.zkmodel) of a language model")
      ->type_name(kReadsFile)
      ->required();
  add_tokenizer_option(*command, arguments->tokenizer_path);
  command->get_option("--tokenizer")->required();
  command->add_option("-p,--prompt", arguments->prompt, "the text to go on with; - reads it from standard input")
      ->required();
  command->add_option("--tokens", arguments->most_tokens, "at most this many tokens of the answer (default: 64)")
      ->type_name("INT");
  add_sampling_options(*command, arguments->sampling);
  command->add_flag("--prove", arguments->prove, "prove and check the answer");
  command
      ->add_option(
          "--hide", arguments->hide,
          "what the proof does not show, of a model compiled with --hidden-text and committed to with private inputs")
      ->check(CLI::IsMember({"prompt", "answer", "both"}));
  command
      ->add_option("--continue", arguments->earlier_path,
                   "the proof of a turn of a conversation to go on from, of a model compiled with --conversation")
      ->type_name(kReadsFile);
  command->add_flag("--plain", arguments->plain, "special tokens that are written in the prompt are text");
  add_secret_option(*command, arguments->secret_path);
  command->add_option("-o,--output", arguments->output_path, "proof to write (default: the model's name with .zkproof)")
      ->type_name(kWritesFile);
  CLI::Option* context = command->add_option("--context", arguments->context,
                                             "up to 16 bytes bound into the proof against replay: text, or hex:00ff..");
  const CLI::Option* seed =
      command
          ->add_option(
              "--seed", arguments->context,
              "the same, as where what is drawn comes from: given by whoever will check, once model and prompt are "
              "fixed")
          ->excludes(context);
  add_force_flag(*command, arguments->force);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer compile stories260K.bin --tokens 64 && zkinfer commit stories260K.zkmodel --inputs public\n"
      "  zkinfer generate stories260K.zkmodel --tokenizer tok512.bin --prompt \"Once upon a time\" --prove\n"
      "  zkinfer verify stories260K.zkproof --key stories260K.zkkey --tokenizer tok512.bin\n"
      "The proof shows that each token of the answer is the model's most likely one after all that are before it. A "
      "model that was compiled with --candidates\nalso draws them:\n"
      "  zkinfer generate stories260K.zkmodel --tokenizer tok512.bin --prompt \"Once upon a time\" --temperature 0.8 "
      "--top-k 40 --seed order-17 --prove");
  command->callback([arguments, seed, &session] {
    name_after(arguments->model_path, ".zksecret", "--secret", arguments->secret_path);
    name_after(arguments->model_path, ".zkproof", "--output", arguments->output_path);
    if (seed->count() > 0) call_options({{"--context", "--seed"}});
    session.run([&] { return GenerateCommand(session, *arguments).run(); });
  });
}

}  // namespace zkinfer::cli
