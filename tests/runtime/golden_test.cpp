// Files under tests/golden carry their command and what it printed:
//
//   #: qiln check %s
//   …the file…
//   #| expected output, line by line
//   #| exit 1
//
// `%s` is the file's name; the command runs in its folder. With QILN_UPDATE_GOLDEN set the expectation is rewritten
// instead of compared: review is `git diff`.
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <sys/wait.h>

#include "tests/catch.h"

namespace {

namespace fs = std::filesystem;

struct Golden {
  std::string command;
  std::vector<std::string> body;      // without the expectation
  std::vector<std::string> expected;  // without the marks
};

Golden read_golden(const fs::path& path) {
  Golden golden;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#: ")) golden.command = line.substr(3);
    if (line.starts_with("#|")) golden.expected.push_back(line.size() > 3 ? line.substr(3) : "");
    else golden.body.push_back(line);
  }
  return golden;
}

std::vector<std::string> run(const fs::path& file, std::string command) {
  auto replace = [&](std::string_view what, const std::string& with) {
    for (auto at = command.find(what); at != std::string::npos; at = command.find(what, at + with.size()))
      command.replace(at, what.size(), with);
  };
  replace("%s", file.filename().string());
  if (command.starts_with("qiln ")) command.replace(0, 4, QILN_BINARY);
  std::string whole = fmt::format("cd '{}' && {} 2>&1", file.parent_path().string(), command);
  std::FILE* pipe = popen(whole.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 4096> piece;
  while (std::size_t n = std::fread(piece.data(), 1, piece.size(), pipe)) text.append(piece.data(), n);
  int status = pclose(pipe);
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  lines.push_back(fmt::format("exit {}", WIFEXITED(status) ? WEXITSTATUS(status) : 128));
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

void rewrite(const fs::path& path, const Golden& golden, const std::vector<std::string>& printed) {
  std::ofstream out(path);
  out << joined(golden.body);
  for (const auto& line : printed) out << (line.empty() ? "#|" : "#| " + line) << "\n";
}

}  // namespace

TEST_CASE("golden files print what they say", "[golden]") {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(QILN_SOURCE_DIR) / "tests" / "golden"))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    Golden golden = read_golden(file);
    if (golden.command.empty()) continue;  // imported by another
    INFO(file.string());
    auto printed = run(file, golden.command);
    if (std::getenv("QILN_UPDATE_GOLDEN")) rewrite(file, golden, printed);
    else CHECK(joined(printed) == joined(golden.expected));
  }
}
