#include "compiler/kernel/identity.h"

#include <functional>

#include "tests/catch.h"

using namespace qiln;
using kernel::Instruction;
using kernel::Nest;

namespace {

Nest example() {
  Nest nest;
  nest.kind = Nest::Kind::contract;
  nest.varying = true;
  nest.arguments = {{7, false, false}, {9, true, false}, {11, true, true}};
  nest.space = {4, 6};
  nest.phases.resize(1);
  nest.phases[0] = {{4, 6}, {0, 0}, {1, 1}, {3}, {{0, {3, 0, 1}, 0, {}}, {1, {0, 1, 6}, 0, {{{1, 0, 0}, -1, 4}}}}};
  nest.winograd.emplace();
  Instruction accumulator, random;
  accumulator.kind = Instruction::Kind::accumulator;
  random.kind = Instruction::Kind::random;
  random.random.site = "noise";
  Instruction sum;
  sum.kind = Instruction::Kind::compute;
  sum.op = Primitive::add;
  sum.operands = {0, 1, -1};
  nest.epilogue = {accumulator, random, sum};
  nest.stores = {{2, {2, {6, 1}, 0, {}}}};
  nest.program.qubits = 2;
  nest.program.blocks.resize(1);
  nest.program.blocks[0].turns.resize(1);
  nest.program.readout = {{{1.0, 0, 1}}};
  nest.placed = {true, false};
  return nest;
}

using Change = std::function<void(Nest&)>;

}  // namespace

TEST_CASE("the identity of a nest is blind to names and to which buffers it uses") {
  const std::string identity = kernel::identity(example());
  const Change changes[] = {[](Nest& n) { n.label = "e1.conv contract"; },
                            [](Nest& n) {
                              n.origin = {1, 2, 3, 4, true};
                            },
                            [](Nest& n) { n.notes = {"apart from nest 3: one sum a nest"}; },
                            [](Nest& n) { n.arguments[0].buffer = 41; },
                            [](Nest& n) { std::swap(n.arguments[0].buffer, n.arguments[2].buffer); }};
  for (const Change& change : changes) {
    Nest nest = example();
    change(nest);
    CHECK(kernel::identity(nest) == identity);
  }
}

TEST_CASE("arguments that are one buffer are part of the identity of a nest") {
  Nest first = example(), last = example(), unknown = example();
  first.arguments[1].buffer = first.arguments[0].buffer;
  last.arguments[2].buffer = last.arguments[1].buffer;
  for (auto& argument : unknown.arguments) argument.buffer = -1;
  CHECK(kernel::identity(first) != kernel::identity(example()));
  CHECK(kernel::identity(first) != kernel::identity(last));
  CHECK(kernel::identity(unknown) == kernel::identity(example()));  // unknown ones are different ones
}

TEST_CASE("all else is in the identity of a nest, however deep it lies") {
  const Change changes[] = {
      [](Nest& n) { n.kind = Nest::Kind::reduce; },
      [](Nest& n) { n.varying = false; },
      [](Nest& n) { n.arguments[1].varying = false; },
      [](Nest& n) { n.arguments[1].written = true; },
      [](Nest& n) { n.arguments.pop_back(); },
      [](Nest& n) {
        n.space = {6, 4};
      },
      [](Nest& n) {
        n.space = {4, 6, 1};
      },
      [](Nest& n) { n.reduction = {3}; },
      [](Nest& n) { n.combiner = Primitive::reduce_max; },
      [](Nest& n) { n.prologue.resize(1); },
      [](Nest& n) { n.guards.resize(1); },
      [](Nest& n) { n.phases[0].extents[0] = 5; },
      [](Nest& n) { n.phases[0].start[1] = 1; },
      [](Nest& n) { n.phases[0].step[1] = 2; },
      [](Nest& n) { n.phases[0].reduction = {2}; },
      [](Nest& n) { n.phases[0].factors[0].argument = 1; },
      [](Nest& n) { n.phases[0].factors[0].strides[2] = 2; },
      [](Nest& n) { n.phases[0].factors[0].offset = 1; },
      [](Nest& n) { n.phases[0].factors[1].guards[0].coefficients[0] = 2; },
      [](Nest& n) { n.phases[0].factors[1].guards[0].offset = 0; },
      [](Nest& n) { n.phases[0].factors[1].guards[0].extent = 5; },
      [](Nest& n) { n.winograd.reset(); },
      [](Nest& n) { n.winograd->strip = 2; },
      [](Nest& n) { n.epilogue[1].random.site = "dropout"; },
      [](Nest& n) { n.epilogue[1].random.distribution = graph::Distribution::normal; },
      [](Nest& n) { n.epilogue[1].random.bound = 10; },
      [](Nest& n) { n.epilogue[2].op = Primitive::multiply; },
      [](Nest& n) { n.epilogue[2].operands[1] = 0; },
      [](Nest& n) { n.epilogue[2].value = 1e-300; },
      [](Nest& n) { n.stores[0].value = 1; },
      [](Nest& n) { n.stores[0].batch_sum = true; },
      [](Nest& n) { n.program.qubits = 3; },
      [](Nest& n) { n.program.initial = 0; },
      [](Nest& n) { n.program.blocks[0].kind = circuit::Block::Kind::turns; },
      [](Nest& n) { n.program.blocks[0].turns[0].axis = circuit::Turn::Axis::z; },
      [](Nest& n) { n.program.blocks[0].turns[0].angle.scale = -1; },
      [](Nest& n) { n.program.readout[0][0].coefficient = -1; },
      [](Nest& n) { n.scratch = 1; },
      [](Nest& n) { n.operand_elements = {1}; },
      [](Nest& n) { n.places = 1; },
      [](Nest& n) { n.placed[1] = true; },
  };
  const std::string identity = kernel::identity(example());
  for (std::size_t k = 0; k < std::size(changes); ++k) {
    Nest nest = example();
    changes[k](nest);
    INFO("change " << k);
    CHECK(kernel::identity(nest) != identity);
  }
}
