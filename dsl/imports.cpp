#include <algorithm>
#include <filesystem>

#include "dsl/declarations.h"
#include "dsl/error.h"
#include "dsl/parse.h"

namespace qiln::dsl {
namespace {

/// Reads files depth-first; each is finished when all it imports are.
class Importer {
 public:
  Importer(Sources& sources, Diagnostics& diagnostics, const Loader& load)
      : sources_(sources), diagnostics_(diagnostics), load_(load) {}

  void read(const std::string& path, std::string text) {
    const FileId id = sources_.add(path, std::move(text));
    open_.push_back(path);
    ast::File file = parse(SourceFile(sources_[id]), diagnostics_);
    for (const ast::Item& item : file.items)
      if (const auto* node = std::get_if<ast::Import>(&item.node)) import(*node, item.span, path);
    open_.pop_back();
    finished_.push_back(path);
    program_.files.push_back(std::move(file));
  }

  ast::Program take() { return std::move(program_); }

 private:
  void import(const ast::Import& node, Span span, const std::string& importer) {
    const std::string path = (std::filesystem::path(importer).parent_path() / node.path).lexically_normal().string();
    if (std::find(finished_.begin(), finished_.end(), path) != finished_.end()) return;
    const auto open = std::find(open_.begin(), open_.end(), path);
    if (open != open_.end()) {
      Diagnostic& diagnostic = diagnostics_.report(DiagnosticKind::import_cycle, span, path);
      for (auto link = open + 1; link != open_.end(); ++link) diagnostic.note("by way of `" + *link + "`");
      return;
    }
    std::optional<std::string> text = load_(path);
    if (text)
      read(path, std::move(*text));
    else
      diagnostics_.report(DiagnosticKind::import_missing, span, path).note("paths are relative to the importing file");
  }

  Sources& sources_;
  Diagnostics& diagnostics_;
  const Loader& load_;
  ast::Program program_;
  std::vector<std::string> open_;
  std::vector<std::string> finished_;
};

}  // namespace

ast::Program parse_program(const std::string& path, Sources& sources, Diagnostics& diagnostics, const Loader& load) {
  std::optional<std::string> text = load(path);
  if (!text) throw Error("cannot read `" + path + "`", 1);
  Importer importer(sources, diagnostics, load);
  importer.read(std::filesystem::path(path).lexically_normal().string(), std::move(*text));
  ast::Program program = importer.take();
  check_declarations(program, diagnostics);
  return program;
}

}  // namespace qiln::dsl
