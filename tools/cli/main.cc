// SPDX-License-Identifier: Apache-2.0
#include "command.h"

int main(int argc, char** argv) { return zkinfer::cli::run_command_line(argc, argv); }
