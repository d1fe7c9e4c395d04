#include "compiler/kernel/verify.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/kernel/plan.h"
#include "dsl/error.h"

namespace qiln::kernel {
namespace {

using Extents = std::vector<std::int64_t>;

class Verifier {
 public:
  explicit Verifier(const Program& program) : program_(program) {}

  std::vector<std::string> run() {
    written_.assign(program_.buffers.size(), false);
    dependence_.assign(program_.buffers.size(), Dependence::constants);
    for (std::size_t id = 0; id < program_.buffers.size(); ++id) {
      const auto storage = program_.buffers[id].storage;
      written_[id] = storage == Storage::input || storage == Storage::param || storage == Storage::constant;
      if (storage == Storage::param) dependence_[id] = Dependence::params;
      if (storage == Storage::input || program_.buffers[id].varying) dependence_[id] = Dependence::run;
    }
    for (const auto& stage : program_.stages) check(stage);
    check_memory();
    for (const auto& port : program_.outputs)
      if (!written_[port.buffer]) say(fmt::format("output `{}` is never written", port.name));
    return std::move(problems_);
  }

 private:
  void say(std::string problem) { problems_.push_back(std::move(problem)); }

  void check(const Stage& stage) {
    std::vector<BufferId> totals;
    for (NestId id : stage.nests) {
      if (id < 0 || id >= static_cast<NestId>(program_.nests.size())) {
        say(fmt::format("there is no nest {}", id));
        continue;
      }
      const Nest& nest = program_.nests[id];
      where_ = fmt::format("nest {} \"{}\"", id, nest.label);
      if (nest.varying != stage.varying) say(where_ + ": in a stage of the other kind");
      check_arguments(nest, totals);
      check_dependence(nest, stage.dependence);
      check_nest(nest);
    }
    for (BufferId total : totals) {
      written_[total] = true;
      dependence_[total] = Dependence::run;
    }
  }

  /// Results may lie in one buffer with those of other stages (the parts of a concat).
  void check_dependence(const Nest& nest, Dependence dependence) {
    if (nest.varying && dependence != Dependence::run) say(where_ + ": varying, but not in every run");
    for (const auto& argument : nest.arguments) {
      Dependence& known = dependence_[argument.buffer];
      if (argument.written)
        known = std::max(known, dependence);
      else if (known > dependence)
        say(fmt::format("{}: runs less often than what writes `{}`", where_, program_.buffers[argument.buffer].name));
    }
  }

  void check_arguments(const Nest& nest, std::vector<BufferId>& totals) {
    for (const auto& argument : nest.arguments) {
      const Buffer& buffer = program_.buffers[argument.buffer];
      if (argument.varying != buffer.varying) say(fmt::format("{}: `{}` is of the other kind", where_, buffer.name));
      if (argument.varying && !nest.varying) say(fmt::format("{}: a uniform nest uses `{}`", where_, buffer.name));
      const bool by_itself = buffer.storage == Storage::partial;
      if (!argument.written && !written_[argument.buffer] && !by_itself)
        say(fmt::format("{}: `{}` is read before it is written", where_, buffer.name));
      if (!argument.written) continue;
      if (buffer.storage == Storage::input || buffer.storage == Storage::param || buffer.storage == Storage::constant)
        say(fmt::format("{}: writes `{}`", where_, buffer.name));
      written_[argument.buffer] = true;
      if (by_itself) totals.push_back(buffer.total);
    }
  }

  void check_nest(const Nest& nest) {
    Extents all = nest.space;
    all.insert(all.end(), nest.reduction.begin(), nest.reduction.end());
    check(nest, nest.prologue, all);
    for (const auto& guard : nest.guards)
      if (guard.coefficients.size() != all.size()) say(where_ + ": a guard with another number of indices");
    check(nest, nest.epilogue, nest.space);
    for (const auto& phase : nest.phases) {
      Extents points = phase.extents;
      points.insert(points.end(), phase.reduction.begin(), phase.reduction.end());
      for (const auto& factor : phase.factors) check(nest, factor, points);
    }
    for (const auto& store : nest.stores) {
      check(nest, store.access, nest.space);
      if (!store.access.guards.empty()) say(where_ + ": a store has guards");
      if (store.value < 0 || store.value >= static_cast<std::int32_t>(nest.epilogue.size()))
        say(where_ + ": a store of no instruction");
      else if (!nest.arguments[store.access.argument].written)
        say(where_ + ": a store to an argument that is not written");
    }
  }

  void check(const Nest& nest, const Expression& expression, const Extents& extents) {
    for (std::size_t k = 0; k < expression.size(); ++k) {
      if (expression[k].kind == Instruction::Kind::load) check(nest, expression[k].access, extents);
      if (expression[k].kind != Instruction::Kind::compute) continue;
      for (int o = 0; o < primitive(expression[k].op).arity; ++o)
        if (expression[k].operands[o] < 0 || expression[k].operands[o] >= static_cast<std::int32_t>(k))
          say(fmt::format("{}: instruction {} has an operand that does not stand before it", where_, k));
    }
  }

  static bool empty(const Extents& extents) {
    return std::any_of(extents.begin(), extents.end(), [](auto e) { return e <= 0; });
  }

  /// Guarded accesses leave their buffers at points where they read as zero.
  void check(const Nest& nest, const Access& access, const Extents& extents) {
    if (access.argument < 0 || access.argument >= static_cast<std::int32_t>(nest.arguments.size()))
      return say(where_ + ": an access to no argument");
    if (access.strides.size() != extents.size()) return say(where_ + ": an access with another number of indices");
    if (!access.guards.empty() || empty(extents)) return;
    std::int64_t low = access.offset, high = access.offset;
    for (std::size_t k = 0; k < extents.size(); ++k) {
      const std::int64_t reach = access.strides[k] * (extents[k] - 1);
      (reach < 0 ? low : high) += reach;
    }
    const Buffer& buffer = program_.buffers[nest.arguments[access.argument].buffer];
    if (low < 0 || high >= buffer.elements)
      say(fmt::format("{}: elements {} .. {} of `{}`, which has {}", where_, low, high, buffer.name, buffer.elements));
  }

  void check_memory() {
    const auto lives = lifetimes(program_);
    const auto& buffers = program_.buffers;
    for (std::size_t a = 0; a < buffers.size(); ++a) {
      const std::int64_t size = arena(buffers[a].storage);
      if (size < 0) continue;
      if (buffers[a].offset < 0 || buffers[a].offset + buffers[a].elements > size)
        say(fmt::format("`{}` lies beyond its arena", buffers[a].name));
      for (std::size_t b = a + 1; b < buffers.size(); ++b) {
        if (buffers[a].storage != buffers[b].storage) continue;
        if (buffers[a].storage == Storage::group && !lives[a].meets(lives[b])) continue;
        if (buffers[a].offset < buffers[b].offset + buffers[b].elements &&
            buffers[b].offset < buffers[a].offset + buffers[a].elements)
          say(fmt::format("`{}` and `{}` overlap", buffers[a].name, buffers[b].name));
      }
    }
  }

  /// Its size, or -1 for storage without an arena.
  std::int64_t arena(Storage storage) const {
    switch (storage) {
      case Storage::param:
        return program_.param_elements;
      case Storage::uniform:
        return program_.uniform_elements;
      case Storage::group:
        return program_.group_elements;
      case Storage::partial:
        return program_.partial_elements;
      default:
        return -1;
    }
  }

  const Program& program_;
  std::vector<bool> written_;
  std::vector<Dependence> dependence_;  // by buffer, of what has been written so far
  std::string where_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> verify(const Program& program) { return Verifier(program).run(); }

void require_valid(const Program& program, std::string_view where) {
  const auto problems = verify(program);
  if (problems.empty()) return;
  std::string text = fmt::format("the program is not valid {}", where);
  for (const auto& problem : problems) text += "\n  " + problem;
  throw Error(text, 1);
}

}  // namespace qiln::kernel
