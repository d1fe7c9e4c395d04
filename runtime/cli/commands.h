// The commands of `qiln`: each file beside this one adds one to the command line.
#pragma once

#include <CLI/CLI.hpp>

namespace qiln::cli {

// Each declares its subcommand with its options; what it does runs as a callback and throws qiln::Error to fail.
void add_bench(CLI::App& app);
void add_check(CLI::App& app);
void add_compile(CLI::App& app);
void add_doc(CLI::App& app);
void add_opt(CLI::App& app);
void add_train(CLI::App& app);
void add_sample(CLI::App& app);
void add_export(CLI::App& app);
void add_report(CLI::App& app);
void add_time(CLI::App& app);
void add_draw(CLI::App& app);
void add_noise(CLI::App& app);

}  // namespace qiln::cli
