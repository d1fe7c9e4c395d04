// One move of a sampler as a graph around a network's graph.
#pragma once

#include "compiler/graph/graph.h"
#include "runtime/diffusion/moves.h"
#include "runtime/diffusion/noise.h"
#include "runtime/jit/program.h"

namespace qiln::diffusion {

struct StepOptions {
  bool clip = true;        // the clean image to [-1, 1]
  bool look_back = false;  // the moves use `start` or `earlier`
  const NoiseSource* noise = nullptr;  // of fresh noise; none: Gaussian
  double guidance = 0;     // w: (1 + w) times the prediction with the label - w times that without (Ho and Salimans 2022)
};

/// Inputs: varying "x", with labels "label" [], looking back "start" and "earlier"; uniform [] "t" and the factors of a
/// move by name. Outputs "x", and looking back "clean", the x0 of this move.
graph::Graph sampling_step(const graph::Graph& network, const StepOptions& options = {});

/// Writes time and factors of `move` to the inputs of a compiled step.
void set_move(jit::Executable& step, const Move& move);

}  // namespace qiln::diffusion
