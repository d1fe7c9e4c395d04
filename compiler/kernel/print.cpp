#include "compiler/kernel/print.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "compiler/graph/origin.h"
#include "compiler/kernel/plan.h"
#include "dsl/primitives.h"

namespace qiln::kernel {
namespace {

constexpr std::array storage_names{"input", "param", "constant", "uniform", "group", "batch", "partial"};
constexpr std::array kind_names{"pointwise",    "reduce",        "contract",
                                "phase_tables", "apply_blocks",  "apply_blocks_adjoint",
                                "expval",       "expval_adjoint"};

std::string extents(const std::vector<std::int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

/// 28 i + j - 1, with the names of the indices given.
std::string affine(const std::vector<std::int64_t>& coefficients, std::int64_t offset, const std::string& names) {
  std::string text;
  const auto term = [&](std::int64_t value, const std::string& what) {
    const std::string size = std::abs(value) == 1 && !what.empty() ? what
                             : what.empty()                        ? fmt::format("{}", std::abs(value))
                                                                   : fmt::format("{} {}", std::abs(value), what);
    text += text.empty() ? (value < 0 ? "-" : "") : (value < 0 ? " - " : " + ");
    text += size;
  };
  for (std::size_t k = 0; k < coefficients.size(); ++k)
    if (coefficients[k] != 0) term(coefficients[k], std::string(1, k < names.size() ? names[k] : '?'));
  if (offset != 0 || text.empty()) term(offset, "");
  return text;
}

class Printer {
 public:
  Printer(const Program& program, const Nest& nest) : program_(program), nest_(nest) {}

  std::string run(NestId id, const dsl::Sources* sources) {
    text_ = fmt::format("  nest {} {} \"{}\" over {}", id, kind_name(nest_.kind), nest_.label, extents(nest_.space));
    if (nest_.kind == Nest::Kind::reduce)
      text_ += fmt::format(", {} over {}", primitive(nest_.combiner).name, extents(nest_.reduction));
    if (sources && nest_.origin.file >= 0)
      text_ +=
          fmt::format(", {}{}", nest_.origin.gradient ? "gradient of " : "", graph::place_of(nest_.origin, *sources));
    text_ += "\n";
    // Output coordinates are i j k …, indices summed over p q r …
    std::string outer = std::string("ijklmno").substr(0, std::min<std::size_t>(nest_.space.size(), 7));
    print_expression(nest_.prologue, outer + "pqrstuv", "p");
    if (!nest_.guards.empty()) line("counts" + conditions(nest_.guards, outer + "pqrstuv"));
    if (nest_.winograd)
      print_winograd(*nest_.winograd);
    else
      for (const auto& phase : nest_.phases) print_phase(phase);
    print_expression(nest_.epilogue, outer, "t");
    for (const auto& store : nest_.stores)
      line(fmt::format("{} {} t{}", place(store.access, outer), store.batch_sum ? "+= batch sum" : "=", store.value));
    if (nest_.kind != Nest::Kind::pointwise && nest_.kind != Nest::Kind::reduce && nest_.kind != Nest::Kind::contract)
      print_circuit();
    for (const auto& note : nest_.notes) line("# " + note);
    return std::move(text_);
  }

 private:
  void line(const std::string& text) { text_ += "    " + text + "\n"; }

  std::string place(const Access& access, const std::string& names) const {
    std::string text = fmt::format("{}[{}]", program_.buffers[nest_.arguments[access.argument].buffer].name,
                                   affine(access.strides, access.offset, names));
    return text + conditions(access.guards, names);
  }

  static std::string conditions(const std::vector<Guard>& guards, const std::string& names) {
    std::string text;
    for (const auto& guard : guards)
      text += fmt::format(" if 0 <= {} < {}", affine(guard.coefficients, guard.offset, names), guard.extent);
    return text;
  }

  void print_expression(const Expression& expression, const std::string& names, const char* result) {
    for (std::size_t k = 0; k < expression.size(); ++k)
      line(fmt::format("{}{} = {}", result, k, right_side(expression[k], names, result)));
  }

  std::string right_side(const Instruction& i, const std::string& names, const char* result) const {
    switch (i.kind) {
      case Instruction::Kind::load:
        return place(i.access, names);
      case Instruction::Kind::constant:
        return fmt::format("{}", i.value);
      case Instruction::Kind::random:
        return fmt::format("random \"{}\" at {}", i.random.site, affine(i.access.strides, i.access.offset, names));
      case Instruction::Kind::accumulator:
        return "accumulator";
      case Instruction::Kind::compute:
        break;
    }
    std::string text(primitive(i.op).name);
    for (std::int32_t operand : i.operands)
      if (operand >= 0) text += fmt::format(" {}{}", result, operand);
    return text;
  }

  void print_phase(const Phase& phase) {
    const std::string outer = std::string("ijklmno").substr(0, std::min<std::size_t>(phase.extents.size(), 7));
    std::string text = fmt::format("sum over {} at {}", extents(phase.reduction), extents(phase.extents));
    if (nest_.phases.size() > 1) text += fmt::format(" = {} + {} *", extents(phase.start), extents(phase.step));
    line(text);
    for (const auto& factor : phase.factors) line("  * " + place(factor, outer + "pqrstuv"));
  }

  void print_winograd(const Winograd& w) {
    line(fmt::format("Winograd F(2x2, 3x3) of {} tiles, {} rows of them a strip{}{}, {} to {} channels",
                     w.rows() * w.columns(), w.strip, w.by_rows ? ", four points at a time" : "",
                     w.of_weights ? ", gradient in the transformed weights" : "", w.inputs, w.outputs));
    line("  * " + place(w.other, w.of_weights ? "ijk" : "pij"));
    line("  * " + place(w.image, "jkl"));
  }

  void print_circuit() {
    const std::size_t result = nest_.arguments.size() - 1 - nest_.scratch;
    for (std::size_t k = 0; k < result; ++k) line("reads " + program_.buffers[nest_.arguments[k].buffer].name);
    line(fmt::format("{} = {} blocks on {} qubits, {} scratch buffers",
                     program_.buffers[nest_.arguments[result].buffer].name, nest_.program.blocks.size(),
                     nest_.program.qubits, nest_.scratch));
  }

  const Program& program_;
  const Nest& nest_;
  std::string text_;
};

std::string print_buffers(const Program& program) {
  std::string text = "buffers\n";
  const auto lives = lifetimes(program);
  for (std::size_t id = 0; id < program.buffers.size(); ++id) {
    const Buffer& b = program.buffers[id];
    text += fmt::format("  {} {} {} of {}", b.name, b.varying ? "varying" : "uniform",
                        storage_names[static_cast<int>(b.storage)], b.elements);
    if (b.storage != Storage::input && b.storage != Storage::constant && b.storage != Storage::batch)
      text += fmt::format(" at {}", b.offset);
    if (lives[id].first <= lives[id].last) text += fmt::format(", used by {} .. {}", lives[id].first, lives[id].last);
    text += "\n";
  }
  return text;
}

/// When a uniform stage has to run.
std::string_view when(Dependence dependence) {
  switch (dependence) {
    case Dependence::constants:
      return "once";
    case Dependence::params:
      return "when parameters have changed";
    case Dependence::run:
      break;
  }
  return "in every run";
}

}  // namespace

std::string_view kind_name(Nest::Kind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

std::string print(const Program& program, NestId id, const dsl::Sources* sources) {
  return Printer(program, program.nests[id]).run(id, sources);
}

std::string print(const Program& program, const dsl::Sources* sources) {
  std::string text =
      fmt::format("program \"{}\": {} lanes, {} nests; arenas: {} parameters, {} uniform, {} a sample, {} partial\n",
                  program.name, program.lanes, program.nests.size(), program.param_elements, program.uniform_elements,
                  program.group_elements, program.partial_elements);
  text += print_buffers(program);
  for (const auto& stage : program.stages) {
    text += stage.varying ? "varying stage\n" : fmt::format("uniform stage, {}\n", when(stage.dependence));
    for (NestId nest : stage.nests) text += print(program, nest, sources);
  }
  for (const auto& port : program.outputs)
    text += fmt::format("output \"{}\" = {} {}\n", port.name, program.buffers[port.buffer].name, extents(port.shape));
  return text;
}

}  // namespace qiln::kernel
