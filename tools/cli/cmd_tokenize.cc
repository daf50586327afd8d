// SPDX-License-Identifier: Apache-2.0
// zkinfer tokenize: what tokens a language model sees of a text, and which text tokens are.
#include <charconv>
#include <filesystem>
#include <memory>

#include "command.h"
#include "files.h"
#include "generation.h"
#include "inputs/input_bytes.h"
#include "output_files.h"
#include "print.h"
#include "result_json.h"
#include "text.h"
#include "tokenizer/windows.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

constexpr std::string_view kNpyHead = "\x93NUMPY";

struct Arguments {
  std::string tokenizer_path, text, file, tokens;
  std::size_t window = 0;
  std::string output_path;
  bool plain = false, no_ends = false, with_special = false;
};

Result<std::vector<int>> parse_tokens(std::string_view text) {
  std::vector<int> tokens;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find_first_of(", \t\r\n"));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.empty()) continue;
    int token = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), token);
    if (error != std::errc() || end != word.data() + word.size())
      return invalid_argument("--decode: " + in_quotes(word) + " is no token; expected whole numbers, as in 1,403,407");
    tokens.push_back(token);
  }
  return tokens;
}

Result<std::string> text_of_file(const std::string& path, const char* what) {
  Result<Bytes> bytes = read_bytes(path, Tokenizer::kMaxTextBytes, Content::kAny);
  if (!bytes.ok()) return bytes.status().with_context(what);
  return std::string(bytes->begin(), bytes->end());
}

Result<std::string> given_text(const Arguments& arguments) {
  if (!arguments.file.empty()) return text_of_file(arguments.file, "--file");
  if (arguments.text == "-") return text_of_file(arguments.text, "the text");
  // Whoever names a file hardly means the letters of its name.
  if (std::error_code error; std::filesystem::is_regular_file(arguments.text, error))
    return invalid_argument(in_quotes(arguments.text) +
                            " is a file, and a text was expected; its text: --file FILE, the text of its name: - and "
                            "standard input");
  return arguments.text;
}

nlohmann::ordered_json tokenizer_json(const Tokenizer& tokenizer) {
  const auto token = [](std::optional<int> id) { return id ? nlohmann::ordered_json(*id) : nlohmann::ordered_json(); };
  return {{"format", tokenizer.format()},        {"model", std::string(tokenizer.model_name())},
          {"num_pieces", tokenizer.size()},      {"begin", token(tokenizer.begin())},
          {"end", token(tokenizer.end())},       {"end_tokens", tokenizer.end_tokens()},
          {"digest", to_hex(tokenizer.digest())}};
}

// As --decode takes them.
std::string list_text(const std::vector<int>& tokens) {
  std::string out;
  for (const int token : tokens) out += (out.empty() ? "" : ",") + std::to_string(token);
  return out;
}

CommandResult encode(Session& session, const Arguments& arguments, const Tokenizer& tokenizer) {
  ZKI_ASSIGN_OR_RETURN(const std::string text, given_text(arguments));
  ZKI_ASSIGN_OR_RETURN(const std::vector<int> tokens, tokenizer.encode(text, {!arguments.no_ends, !arguments.plain}));
  if (session.json) {
    auto pieces = nlohmann::ordered_json::array();
    for (const int token : tokens) pieces.push_back(std::string(tokenizer.piece(token)));
    print_result(session, {{"tokenizer", tokenizer_json(tokenizer)}, {"tokens", tokens}, {"pieces", pieces}});
    return ExitCode::kDone;
  }
  std::string lines;
  if (!session.quiet) {
    for (const int token : tokens) {
      const std::string number = std::to_string(token);
      lines += std::string(number.size() < 8 ? 8 - number.size() : 0, ' ') + number + "  " +
               in_quotes(tokenizer.piece(token)) + "\n";
    }
    lines += cli::counted(tokens.size(), "token") + " of " + cli::counted(text.size(), "byte") + "; " +
             tokenizer.format() + ", " + std::string(tokenizer.model_name()) + ", " +
             cli::counted(static_cast<std::uint64_t>(tokenizer.size()), "piece") + ", digest " +
             to_hex(tokenizer.digest()) + "\n";
  }
  print_lines(lines + list_text(tokens) + "\n");
  return ExitCode::kDone;
}

// NumPy's file of an array of int64, row-major.
Bytes npy(const std::vector<std::int64_t>& values, std::size_t rows, std::size_t columns) {
  std::string header = "{'descr': '<i8', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " +
                       std::to_string(columns) + "), }";
  // The head, a version and a length of two bytes each; all of it a multiple of 64 with a line break at its end.
  constexpr std::size_t kFixed = kNpyHead.size() + 4, kStep = 64;
  header.resize((kFixed + header.size() + kStep) / kStep * kStep - kFixed - 1, ' ');
  header += '\n';
  ByteWriter out;
  out.raw({reinterpret_cast<const std::uint8_t*>(kNpyHead.data()), kNpyHead.size()});
  out.u16(1);
  out.u16(static_cast<std::uint16_t>(header.size()));
  out.raw({reinterpret_cast<const std::uint8_t*>(header.data()), header.size()});
  for (const std::int64_t x : values) out.i64(x);
  return std::move(out).take();
}

CommandResult windows(Session& session, const Arguments& arguments, const Tokenizer& tokenizer) {
  if (arguments.output_path.empty()) return invalid_argument("--window: say where the windows go, with --output");
  OutputFiles files;
  files.reads(arguments.tokenizer_path);
  files.reads(arguments.file);
  if (session.json) files.keep_standard_output();
  const OutputFiles::Id file = files.add_text("--output", arguments.output_path, std::string(kNpyHead));
  ZKI_RETURN_IF_ERROR(files.prepare());
  ZKI_ASSIGN_OR_RETURN(const std::string text, given_text(arguments));
  Result<TokenWindows> made = token_windows(tokenizer, text, arguments.window);
  if (!made.ok()) return made.status().with_context("--window");
  ZKI_RETURN_IF_ERROR(files.write(file, npy(made->values, made->count, made->tokens)));
  ZKI_RETURN_IF_ERROR(files.publish());
  if (session.json) {
    print_result(session, {{"tokenizer", tokenizer_json(tokenizer)},
                           {"output", arguments.output_path},
                           {"num_windows", made->count},
                           {"window_tokens", made->tokens},
                           {"left_out_tokens", made->left_out}});
  } else if (!session.quiet) {
    print_lines("wrote " + output_name(arguments.output_path) + ": " + cli::counted(made->count, "window") + " of " +
                cli::counted(made->tokens, "token") + "; " + cli::counted(made->left_out, "token") +
                " behind the last one left out\n");
  }
  return ExitCode::kDone;
}

CommandResult decode(Session& session, const Arguments& arguments, const Tokenizer& tokenizer) {
  ZKI_ASSIGN_OR_RETURN(const std::string list, arguments.tokens == "-" ? text_of_file(arguments.tokens, "--decode")
                                                                       : Result<std::string>(arguments.tokens));
  ZKI_ASSIGN_OR_RETURN(const std::vector<int> tokens, parse_tokens(list));
  ZKI_ASSIGN_OR_RETURN(const std::string bytes, tokenizer.decode(tokens, {arguments.with_special, false}));
  if (valid_utf8_bytes(bytes) != bytes.size())
    session.warn("the tokens are no whole characters of UTF-8 at byte " + std::to_string(valid_utf8_bytes(bytes)) +
                 " of their text; U+FFFD stands there");
  Utf8Stream characters;
  std::string text = characters.push(bytes);
  text += characters.finish();
  if (session.json) {
    print_result(session, {{"tokenizer", tokenizer_json(tokenizer)}, {"tokens", tokens}, {"text", text}});
  } else {
    print_lines(printable_lines(text) + "\n");
  }
  return ExitCode::kDone;
}

CommandResult tokenize(Session& session, const Arguments& arguments) {
  const int given = !arguments.text.empty() + !arguments.file.empty() + !arguments.tokens.empty();
  if (given != 1) return invalid_argument("give a text (- reads standard input), --file FILE, or tokens with --decode");
  ZKI_ASSIGN_OR_RETURN(const Tokenizer tokenizer, Tokenizer::read(arguments.tokenizer_path));
  if (arguments.window != 0 && arguments.tokens.empty()) return windows(session, arguments, tokenizer);
  return arguments.tokens.empty() ? encode(session, arguments, tokenizer) : decode(session, arguments, tokenizer);
}

}  // namespace

void add_tokenize(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("tokenize", "the tokens that a language model sees of a text, or the text of tokens");
  add_tokenizer_option(*command, arguments->tokenizer_path);
  command->get_option("--tokenizer")->required();
  command->add_option("text", arguments->text, "the text; - reads it from standard input");
  command->add_option("--file", arguments->file, "a file with the text; - is standard input")->type_name(kReadsFile);
  command->add_option("--decode", arguments->tokens, "tokens to make text of, as in 1,403,407; - reads standard input");
  command
      ->add_option("--window", arguments->window,
                   "cut the text into windows of this many tokens, with the tokens that the model wants before and "
                   "behind each: inputs for --calibration and --evaluate")
      ->check(CLI::Range(1, 1 << 24));
  command->add_option("-o,--output", arguments->output_path, "with --window: the windows as an array, .npy")
      ->type_name(kWritesFile);
  command->add_flag("--no-ends", arguments->no_ends,
                    "without the tokens that the model wants before and behind a text");
  command->add_flag("--plain", arguments->plain, "special tokens that are written in the text are text");
  command->add_flag("--special", arguments->with_special, "with --decode: show special tokens too");
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer tokenize --tokenizer tokenizer.json \"Once upon a time\"\n"
      "  zkinfer tokenize --tokenizer tokenizer.bin --file story.txt --quiet\n"
      "  zkinfer tokenize --tokenizer tokenizer.bin --decode 1,403,407,261,378\n"
      "  zkinfer tokenize --tokenizer tokenizer.json - --window 64 -o calibration.npy < story.txt\n"
      "Text of strangers should be read with --plain: else it can hold tokens that end an answer or begin a role.");
  command->callback([arguments, &session] { session.run([&] { return tokenize(session, *arguments); }); });
}

}  // namespace zkinfer::cli
