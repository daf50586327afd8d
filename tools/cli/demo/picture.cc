// SPDX-License-Identifier: Apache-2.0
#include "demo/picture.h"

#include <algorithm>
#include <cmath>

#include <unistd.h>

#include "print.h"

namespace zkinfer::cli {
namespace {

// Index of a level in the terminal's 24 grey steps (232..255) or in its 6x6x6 colour cube (16..231).
int terminal_colour(const Array& picture, std::size_t y, std::size_t x) {
  const auto width = static_cast<std::size_t>(picture.shape[1]);
  const auto channels = static_cast<std::size_t>(picture.shape[2]);
  const float* pixel = picture.data.data() + (y * width + x) * channels;
  if (channels == 1) return 232 + static_cast<int>(std::lround(std::clamp(pixel[0], 0.0f, 255.0f) * 23 / 255));
  const auto step = [](float level) {
    return static_cast<int>(std::lround(std::clamp(level, 0.0f, 255.0f) * 5 / 255));
  };
  return 16 + 36 * step(pixel[0]) + 6 * step(pixel[1]) + step(pixel[2]);
}

const char* shade(const Array& picture, std::size_t y, std::size_t x) {
  static constexpr const char* kShades[] = {" ", "░", "▒", "▓", "█"};
  const auto channels = static_cast<std::size_t>(picture.shape[2]);
  const std::size_t first = (y * static_cast<std::size_t>(picture.shape[1]) + x) * channels;
  const float level = channels == 1 ? picture.data[first]
                                    : 0.299f * picture.data[first] + 0.587f * picture.data[first + 1] +
                                          0.114f * picture.data[first + 2];
  return kShades[static_cast<std::size_t>(std::lround(std::clamp(level, 0.0f, 255.0f) * 4 / 255))];
}

}  // namespace

bool stdout_has_colour() { return has_colour(STDOUT_FILENO); }

std::string picture_text(const Array& picture, bool colour, std::size_t indent) {
  const auto height = static_cast<std::size_t>(picture.shape[0]);
  const auto width = static_cast<std::size_t>(picture.shape[1]);
  const bool small = height <= 24;
  const std::string margin(indent, ' ');
  std::string text;
  for (std::size_t y = 0; y < height; y += colour && !small ? 2 : 1) {
    text += margin;
    for (std::size_t x = 0; x < width; ++x) {
      if (!colour) {
        text += shade(picture, y, x);
        text += shade(picture, y, x);
      } else if (small) {
        text += "\033[48;5;" + std::to_string(terminal_colour(picture, y, x)) + "m  ";
      } else {
        text += "\033[48;5;" + std::to_string(terminal_colour(picture, y, x)) + ";38;5;" +
                std::to_string(terminal_colour(picture, std::min(y + 1, height - 1), x)) + "m▄";
      }
    }
    text += colour ? "\033[0m\n" : "\n";
  }
  return text;
}

}  // namespace zkinfer::cli
