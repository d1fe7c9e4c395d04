// How much of a Winograd convolution is done at a time, and the scratch memory that takes.
#pragma once

#include "compiler/kernel/kernel.h"

namespace qiln::kernel {

/// Chooses strip and block so that what a strip's transforms leave stays near the second-level cache while registers
/// are kept busy. A pure function of the shape and the lanes.
void plan(Winograd& winograd, int lanes);

/// Where a plan's parts lie in the scratch memory, in lane vectors from its start, and how far apart the 16 points (4
/// of them at a time for weights) lie in each: odd numbers of vectors, so that points fall into different cache sets.
struct WinogradLayout {
  std::int64_t image = 0, image_point = 0;    // [point][strip_tiles / chunk][inputs][chunk]; of_weights:
                                              // [point][inputs][strip_tiles]
  std::int64_t other = 0, other_point = 0;    // products [16][block, or by rows outputs][strip_tiles];
                                              // of_weights: the cotangent's [4][outputs][strip_tiles]
  std::int64_t zeros = 0, zero_elements = 0;  // what a row beyond the image reads
  std::int64_t end = 0;
};
WinogradLayout layout(const Winograd& winograd);

/// Floats of scratch memory that a call of the nest needs (qiln_block::scratch).
std::int64_t scratch_floats(const Nest& nest, int lanes);

}  // namespace qiln::kernel
