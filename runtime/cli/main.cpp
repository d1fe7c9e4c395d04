#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "dsl/error.h"
#include "runtime/cli/commands.h"

namespace {

/// What is wrong in a line, and where help is, instead of all the help.
std::string usage_error(const CLI::App* app, const CLI::Error& error) {
  auto used = app->get_subcommands();
  std::string name = used.empty() ? "" : used.front()->get_name(), message = error.what();
  if (std::string prefix = name + ": "; message.starts_with(prefix)) message.erase(0, prefix.size());
  std::string command = name.empty() ? "qiln" : "qiln " + name;
  return fmt::format("{}: {}; `{} --help` says more\n", command, message, command);
}

/// A first word that is neither an option nor a command.
bool report_unknown_command(const CLI::App& app, int argc, char** argv) {
  if (argv[1][0] == '-') return false;
  std::string names;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() == argv[1]) return false;
    names += (names.empty() ? "" : ", ") + command->get_name();
  }
  fmt::print(stderr, "qiln: there is no command `{}`; the commands are {}\n", argv[1], names);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Qiln: models of circuits and networks, from text to fused machine code.", "qiln"};
  app.set_version_flag("--version", std::string("qiln ") + QILN_VERSION);
  app.require_subcommand(1);
  app.failure_message(usage_error);
  app.footer("qiln COMMAND --help shows the options of a command, with an example.");
  using namespace qiln::cli;
  add_check(app);
  add_compile(app);
  add_doc(app);
  add_train(app);
  add_sample(app);
  add_export(app);
  add_report(app);
  add_opt(app);
  add_draw(app);
  add_noise(app);
  add_bench(app);
  add_time(app);
  if (argc < 2) {
    fmt::print(stderr, "{}", app.help());
    return 1;
  }
  if (report_unknown_command(app, argc, argv)) return 1;
  std::signal(SIGXFSZ, SIG_IGN);  // a file that grows beyond the user's limit is an error with a message
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 1;
  } catch (const qiln::Error& e) {
    if (*e.what()) fmt::print(stderr, "qiln: {}\n", e.what());
    return e.exit_code();
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "qiln: out of memory; a smaller `train.batch` needs less\n");
    return 2;
  } catch (const std::exception& e) {
    fmt::print(stderr, "qiln: internal error: {}\n", e.what());
    return 2;
  }
}
