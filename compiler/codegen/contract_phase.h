// The register tiles of one phase of a contraction: sums of products, borders dropped at compile time.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "compiler/codegen/lane_builder.h"

namespace qiln::codegen {

class PhaseEmitter {
 public:
  /// `outermost` as in plan_contract. `phase` must outlive the emitter.
  PhaseEmitter(LaneBuilder& builder, const kernel::Phase& phase, int outermost = -1);
  PhaseEmitter(PhaseEmitter&&) noexcept;
  ~PhaseEmitter();

  std::int64_t tiles() const;
  int outermost() const;

  /// A tile's points, as coordinates within the phase's extents.
  using Points = std::span<const std::vector<Coordinate>>;
  using Before = std::function<void(Points)>;
  using After = std::function<void(std::span<llvm::Value* const> sums, Points)>;
  /// Emits tiles begin .. end - 1 (i64 values). `before` is called where a tile's sum begins, `after` where it is
  /// there.
  void emit(llvm::Value* begin, llvm::Value* end, const Before& before, const After& after);

 private:
  class Tiling;
  std::unique_ptr<Tiling> tiling_;
};

}  // namespace qiln::codegen
