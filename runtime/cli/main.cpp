#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <new>

#include "dsl/error.h"
#include "runtime/cli/commands.h"

int main(int argc, char** argv) {
  CLI::App app{"Qiln: models of circuits and networks, from text to fused machine code.", "qiln"};
  app.set_version_flag("--version", std::string("qiln ") + QILN_VERSION);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  app.footer("qiln COMMAND --help shows the options of a command, with an example.");
  using namespace qiln::cli;
  add_check(app);
  add_compile(app);
  add_train(app);
  add_sample(app);
  add_opt(app);
  add_time(app);
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
