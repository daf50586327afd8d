// SPDX-License-Identifier: Apache-2.0
#include "shell_words.h"

#include <set>
#include <string_view>

namespace zkinfer::cli {
namespace {

std::string joined(const std::vector<std::string>& words, const char* between = " ") {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

// In single quotes, for bash and zsh.
std::string quoted(const std::string& text) { return "'" + replaced(text, "'", "'\\''") + "'"; }
std::string fish_quoted(const std::string& text) {
  return "'" + replaced(replaced(text, "\\", "\\\\"), "'", "\\'") + "'";
}

// The first clause: menus are narrow.
std::string short_about(const std::string& about) {
  const std::size_t end = std::min({about.find("; "), about.find(": "), about.find(" (")});
  return about.substr(0, end);
}

// Every way to write an option that stands before a value of its own.
std::vector<std::string> names_with_value(const std::vector<Verb>& verbs) {
  std::set<std::string> names;
  for (const Verb& verb : verbs) {
    for (const OptionRow& option : verb.options) {
      if (!option.value.empty()) names.insert(option.names.begin(), option.names.end());
    }
  }
  return {names.begin(), names.end()};
}

std::string verb_words(const std::vector<Verb>& verbs, const char* between) {
  std::string text;
  for (const Verb& verb : verbs) {
    if (!verb.words.empty()) text += (text.empty() ? "" : between) + quoted(verb.words);
  }
  return text;
}

// What may stand where no option does: verbs, and the words of a positional that has only a few.
std::vector<std::string> inner_words(const Verb& verb) {
  std::vector<std::string> words = verb.inner;
  for (const OptionRow& positional : verb.positionals)
    words.insert(words.end(), positional.choices.begin(), positional.choices.end());
  return words;
}

std::vector<std::string> option_words(const Verb& verb) {
  std::vector<std::string> words;
  for (const OptionRow& option : verb.options) {
    words.insert(words.end(), option.names.begin(), option.names.end());
    if (!option.value_is_optional) continue;
    for (const std::string& choice : option.choices) words.push_back(option.names.back() + "=" + choice);
  }
  return words;
}

}  // namespace

std::string bash_completions(const std::vector<Verb>& verbs) {
  const Verb& program = verbs.front();
  std::string options, values;
  for (const Verb& verb : verbs) {
    options += "    " + quoted(verb.words) + ") echo " + quoted(joined(inner_words(verb))) + " " +
               quoted(joined(option_words(verb))) + " ;;\n";
    for (const OptionRow& option : verb.options) {
      if (option.value.empty() || option.choices.empty()) continue;
      std::string cases;
      for (const std::string& name : option.names)
        cases += (cases.empty() ? "" : "|") + quoted(verb.words + " " + name);
      values += "    " + cases + ") echo " + quoted(joined(option.choices)) + " ;;\n";
    }
  }
  return "# bash completion for zkinfer; written by `zkinfer completions bash`\n"
         "_zkinfer_options() {\n"
         "  case \"$1\" in\n" +
         options +
         "  esac\n"
         "}\n"
         "_zkinfer_values() {\n"
         "  case \"$1 $2\" in\n" +
         values +
         "  esac\n"
         "}\n"
         "_zkinfer() {\n"
         "  # Not COMP_WORDS, which are cut at ':' and '='.\n"
         "  local line=${COMP_LINE:0:COMP_POINT} current previous='' verb='' word skip='' colon\n"
         "  local -a words\n"
         "  read -ra words <<<\"$line\"\n"
         "  [[ $line == *[[:space:]] ]] && words+=('')\n"
         "  current=${words[-1]}\n"
         "  unset 'words[-1]'\n"
         "  for word in \"${words[@]:1}\"; do\n"
         "    previous=$word\n"
         "    if [[ -n $skip ]]; then\n"
         "      skip=''\n"
         "    elif [[ $word == -* ]]; then\n"
         "      case \"$word\" in\n"
         "        " +
         joined(names_with_value(verbs), "|") +
         ") skip=1 ;;\n"
         "      esac\n"
         "    else\n"
         "      case \"${verb:+$verb }$word\" in\n"
         "        " +
         verb_words(verbs, "|") +
         ") verb=\"${verb:+$verb }$word\" ;;\n"
         "      esac\n"
         "    fi\n"
         "  done\n"
         "  COMPREPLY=()\n"
         "  if [[ -n $skip ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$(_zkinfer_values \"$verb\" \"$previous\")\" -- \"$current\")\n"
         "  elif [[ $current == -* ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$(_zkinfer_options \"$verb\") " +
         joined(option_words(program)) +
         "\" -- \"$current\")\n"
         "  else\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$(_zkinfer_options \"$verb\" | sed 's/ -.*//; s/^-.*//')\" -- "
         "\"$current\")\n"
         "  fi\n"
         "  # What stands before the last ':' or '=' is on the line already.\n"
         "  for colon in : =; do\n"
         "    if [[ $current == *$colon* && $COMP_WORDBREAKS == *$colon* ]]; then\n"
         "      COMPREPLY=(\"${COMPREPLY[@]#\"${current%\"${current##*$colon}\"}\"}\")\n"
         "    fi\n"
         "  done\n"
         "}\n"
         "complete -o default -F _zkinfer zkinfer\n";
}

namespace {

// Of zsh's _arguments: '(-c --calibration)'{-c,--calibration}'[about]:FILE:_files'.
std::string zsh_spec(const OptionRow& option) {
  const auto escaped = [](std::string text) {
    for (const char* special : {"\\", "[", "]", ":"}) text = replaced(text, special, "\\" + std::string(special));
    return text;
  };
  std::string action = option.is_file ? "_files" : " ";
  if (!option.choices.empty()) {
    std::string choices;
    for (const std::string& choice : option.choices) choices += (choices.empty() ? "" : " ") + escaped(choice);
    action = "(" + choices + ")";
  }
  if (option.is_positional) {
    return quoted(std::string(option.is_repeated   ? "*"
                              : option.is_required ? ""
                                                   : ":") +
                  ":" + escaped(short_about(option.about)) + ":" + action);
  }
  std::string tail = "[" + escaped(short_about(option.about)) + "]";
  if (!option.value.empty()) tail += ":" + escaped(option.value) + ":" + action;
  if (option.value_is_optional) tail = "-" + tail + "::" + escaped(option.names.back()) + ":" + action;
  if (option.value_is_optional) tail = replaced(tail, "-[", "=-[");
  std::string text;
  for (const std::string& name : option.names) {
    if (!text.empty()) text += " \\\n      ";
    text += quoted((option.is_repeated ? "*" : "(" + joined(option.names) + ")") + name + tail);
  }
  return text;
}

std::string zsh_function(const std::string& words) {
  return "_zkinfer" + (words.empty() ? "" : "_" + replaced(replaced(words, " ", "_"), "-", "_"));
}

}  // namespace

std::string zsh_completions(const std::vector<Verb>& verbs) {
  std::string text = "#compdef zkinfer\n# written by `zkinfer completions zsh`\n\n";
  for (const Verb& verb : verbs) {
    text += zsh_function(verb.words) + "() {\n";
    std::string specs;
    for (const OptionRow& option : verb.options) specs += " \\\n      " + zsh_spec(option);
    if (verb.inner.empty()) {
      // Those of the program stand after a verb too.
      for (const OptionRow& option : verbs.front().options) {
        if (option.names.back() != "--help" && option.names.back() != "--version")
          specs += " \\\n      " + zsh_spec(option);
      }
      for (const OptionRow& positional : verb.positionals) specs += " \\\n      " + zsh_spec(positional);
      text += "  _arguments -s" + specs + "\n}\n\n";
      continue;
    }
    text += "  local state line\n  local -a verbs\n  typeset -A opt_args\n  _arguments -C -s" + specs +
            " \\\n      '1: :->verb' '*:: :->rest'\n  case $state in\n    verb)\n      verbs=(\n";
    for (std::size_t i = 0; i < verb.inner.size(); ++i)
      text += "        " + quoted(verb.inner[i] + ":" + replaced(short_about(verb.inner_about[i]), ":", "\\:")) + "\n";
    text += "      )\n      _describe command verbs ;;\n    rest)\n      case $line[1] in\n";
    for (const std::string& inner : verb.inner)
      text += "        " + inner + ") " + zsh_function(verb.words.empty() ? inner : verb.words + " " + inner) + " ;;\n";
    text += "      esac ;;\n  esac\n}\n\n";
  }
  return text + "if [[ $funcstack[1] == _zkinfer ]]; then\n  _zkinfer \"$@\"\nelse\n  compdef _zkinfer zkinfer\nfi\n";
}

std::string fish_completions(const std::vector<Verb>& verbs) {
  std::string text =
      "# written by `zkinfer completions fish`\n"
      "function __zkinfer_at --description 'whether these are the verbs on the line'\n"
      "  set -l verb ''\n"
      "  set -l skip 0\n"
      "  for word in (commandline -opc)[2..]\n"
      "    if test $skip = 1\n"
      "      set skip 0\n"
      "    else if string match -q -- '-*' $word\n"
      "      contains -- $word " +
      joined(names_with_value(verbs)) +
      "; and set skip 1\n"
      "    else if contains -- (string trim \"$verb $word\") " +
      verb_words(verbs, " ") +
      "\n"
      "      set verb (string trim \"$verb $word\")\n"
      "    end\n"
      "  end\n"
      "  test \"$verb\" = \"$argv[1]\"\n"
      "end\n";
  for (const Verb& verb : verbs) {
    const std::string at = "complete -c zkinfer -n " + fish_quoted("__zkinfer_at " + fish_quoted(verb.words));
    for (std::size_t i = 0; i < verb.inner.size(); ++i)
      text += at + " -f -a " + verb.inner[i] + " -d " + fish_quoted(short_about(verb.inner_about[i])) + "\n";
    for (const OptionRow& positional : verb.positionals) {
      if (!positional.choices.empty())
        text += at + " -f -a " + fish_quoted(joined(positional.choices)) + " -d " +
                fish_quoted(short_about(positional.about)) + "\n";
    }
    for (const OptionRow& option : verb.options) {
      // Options of the program stand after every verb.
      text += verb.words.empty() ? "complete -c zkinfer" : at;
      for (const std::string& name : option.names)
        text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (!option.value.empty()) text += option.is_file ? " -r -F" : " -x";
      if (!option.choices.empty()) text += " -a " + fish_quoted(joined(option.choices));
      text += " -d " + fish_quoted(short_about(option.about)) + "\n";
    }
  }
  return text;
}

namespace {

std::string roff(const std::string& text) {
  std::string out;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (c == '\'')
      out += "\\(aq";
    else if (c == '`')
      out += "\\(ga";
    else if (c == '^')
      out += "\\(ha";
    else if (c == '~')
      out += "\\(ti";
    else
      out += c;
    at_start = c == '\n';
  }
  return out;
}

std::string bold(const std::string& text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + roff(text) + "\\fR"; }

std::string value_of(const OptionRow& option) {
  if (!option.choices.empty()) return joined(option.choices, "|");
  return option.value;
}

std::string option_entry(const OptionRow& option) {
  std::string names;
  for (const std::string& name : option.names) names += (names.empty() ? "" : ", ") + bold(name);
  if (option.is_positional)
    names = italic(option.names.front());
  else if (option.value_is_optional)
    names += "[=" + italic(value_of(option)) + "]";
  else if (!option.value.empty())
    names += " " + italic(value_of(option)) + (option.is_repeated ? " ..." : "");
  return ".TP\n" + names + "\n" + roff(option.about) +
         (option.is_required && !option.is_positional ? " (required)" : "") + "\n";
}

// "Examples:" and what follows, as it stands.
std::string verbatim(const std::string& text) { return text.empty() ? "" : ".PP\n.nf\n" + roff(text) + "\n.fi\n"; }

}  // namespace

std::string manual_page(const std::vector<Verb>& verbs, const std::string& version) {
  const Verb& program = verbs.front();
  std::string text =
      ".TH ZKINFER 1 \"\" " + quoted("zkinfer " + version) + " \"User Commands\"\n.SH NAME\nzkinfer \\- " +
      "prove that a neural network was run correctly, without showing the network or the input\n"
      ".SH SYNOPSIS\n.B zkinfer\n[\\fIoptions\\fR] \\fIcommand\\fR [\\fIarguments\\fR]\n.SH DESCRIPTION\n" +
      roff(program.about) + "\n" + verbatim(program.footer) + ".SH OPTIONS OF ALL COMMANDS\n";
  text = replaced(text, "'zkinfer " + version + "'", "\"zkinfer " + version + "\"");
  for (const OptionRow& option : program.options) text += option_entry(option);
  text += ".SH COMMANDS\n";
  for (const Verb& verb : verbs) {
    if (verb.words.empty()) continue;
    text += ".SS " + roff("zkinfer " + verb.words);
    for (const OptionRow& positional : verb.positionals) {
      const std::string name = positional.names.front() + (positional.is_repeated ? ".." : "");
      text += " " + roff(positional.is_required ? name : "[" + name + "]");
    }
    text += "\n" + roff(verb.about) + "\n";
    for (const OptionRow& positional : verb.positionals) text += option_entry(positional);
    for (const OptionRow& option : verb.options) {
      if (option.names.back() != "--help") text += option_entry(option);
    }
    for (std::size_t i = 0; i < verb.inner.size(); ++i)
      text += ".TP\n" + bold(verb.inner[i]) + "\n" + roff(verb.inner_about[i]) + "\n";
    text += verbatim(verb.footer);
  }
  return text +
         ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nTurns colours off where it is set to anything.\n"
         ".TP\n.B XDG_STATE_HOME\nIn zkinfer/slots below it used slots are remembered, so that copies of a secret are "
         "noticed; "
         "by default ~/.local/state.\n"
         ".SH FILES\nEvery file says by its first bytes what it is:\n.B zkinfer inspect\n.I file\n";
}

}  // namespace zkinfer::cli
