#include "compiler/codegen/winograd.h"

#include <array>
#include <cassert>

#include "compiler/codegen/contract.h"
#include "compiler/codegen/contract_phase.h"
#include "compiler/codegen/space.h"
#include "compiler/graph/winograd.h"
#include "compiler/kernel/winograd_plan.h"

namespace qiln::codegen {
namespace {

using kernel::Access;
using llvm::Value;

/// A run of tile columns; `first` is known at compile time unless they stand in a loop, where none is at a border.
struct Columns {
  Coordinate first;
  std::int64_t count = 0;
};

class WinogradEmitter {
 public:
  explicit WinogradEmitter(LaneBuilder& builder)
      : b_(builder), w_(*builder.nest.winograd), at_(layout(w_)), tiles_(w_.strip_tiles()) {
    const std::int64_t lanes = b_.target.lanes;
    image_ = b_.add_scratch(at_.image * lanes);
    other_ = b_.add_scratch(at_.other * lanes);
    zeros_ = b_.add_scratch(at_.zeros * lanes);
  }

  std::int64_t emit() {
    const std::int64_t blocks = w_.outputs / w_.block;
    b_.loop(b_.index(0), b_.index(at_.zero_elements), 1, [&](Value* k) {
      b_.store_vector(b_.splat(0), vector_at(zeros_, {{k, 1}}));
    });
    if (w_.of_weights) {
      b_.loop(b_.index(0), b_.index(w_.strips()), 1, [&](Value* strip) { add_weights(strip); });
      return blocks;
    }
    Value* count = b_.index(blocks);
    Value* last = b_.ir.CreateUDiv(b_.ir.CreateSub(b_.end, b_.index(1)), count);
    b_.loop(b_.ir.CreateUDiv(b_.begin, count), b_.ir.CreateAdd(last, b_.index(1)), 1, [&](Value* strip) {
      Value* offset = b_.ir.CreateMul(strip, count);
      Value* first = maximum(b_.ir.CreateSub(b_.begin, offset), b_.index(0));
      Value* end = minimum(b_.ir.CreateSub(b_.end, offset), count);
      const auto for_blocks = [&](const std::function<void(Value*)>& body) {
        b_.loop(first, end, 1, [&](Value* block) { body(scaled(block, w_.block)); });
      };
      if (w_.by_rows) {
        b_.loop(b_.index(0), b_.index(4), 1, [&](Value* k1) {
          transform_row(strip, k1);
          for_blocks([&](Value* output) { multiply(output, scaled(k1, 4), 4); });
        });
        for_blocks([&](Value* output) { finish(strip, output); });
      } else {
        transform_image(strip);
        for_blocks([&](Value* output) {
          multiply(output, b_.index(0), 16);
          finish(strip, output);
        });
      }
    });
    return w_.strips() * blocks;
  }

 private:
  using Four = std::array<Value*, 4>;

  Value* maximum(Value* a, Value* c) { return b_.ir.CreateSelect(b_.ir.CreateICmpSGT(a, c), a, c); }
  Value* minimum(Value* a, Value* c) { return b_.ir.CreateSelect(b_.ir.CreateICmpSLT(a, c), a, c); }
  Value* scaled(Value* v, std::int64_t by) { return by == 1 ? v : b_.ir.CreateNSWMul(v, b_.index(by)); }

  /// Element `constant` + sum of index * stride of an argument.
  Value* vector_at(int argument, std::initializer_list<std::pair<Value*, std::int64_t>> moving,
                   std::int64_t constant = 0) {
    const std::int64_t floats = b_.varying(argument) ? b_.target.lanes : 1;
    Value* at = b_.argument(argument);
    for (const auto& [index, stride] : moving) at = b_.ir.CreateGEP(b_.f32, at, scaled(index, stride * floats));
    return advanced(at, constant * floats);
  }
  Value* advanced(Value* pointer, std::int64_t floats) {
    return floats == 0 ? pointer : b_.ir.CreateConstGEP1_64(b_.f32, pointer, floats);
  }

  /// Tile columns: all at once where they are few, else borders by themselves and the others in a loop.
  void for_columns(const std::function<void(const Columns&)>& body) {
    constexpr std::int64_t few = 16, together = 6;
    const std::int64_t all = w_.columns();
    if (all <= few) return body({{nullptr, 0}, all});
    const std::int64_t rounds = (all - 2) / together;
    body({{nullptr, 0}, 1});
    b_.loop(b_.index(0), b_.index(rounds), 1, [&](Value* round) { body({{scaled(round, together), 1, 1}, together}); });
    body({{nullptr, 1 + rounds * together}, all - 1 - rounds * together});
  }

  /// Where row `row` (i64) of a plane begins; beyond the image a row of zeros.
  Value* row_of(const Access& access, Value* channel, Value* row) {
    Value* inside = b_.ir.CreateICmpULT(row, b_.index(w_.height));
    Value* place = vector_at(access.argument, {{channel, access.strides[0]}, {row, access.strides[1]}}, access.offset);
    return b_.ir.CreateSelect(inside, place, b_.argument(zeros_));
  }

  /// The vector at column 2 * tile + `offset`; zero beyond the image.
  Value* at_column(const Access& access, Value* row, const Coordinate& tile, std::int64_t offset) {
    const std::int64_t column = 2 * tile.offset + offset;
    if (!tile.base && (column < 0 || column >= w_.width)) return b_.splat(0);
    const std::int64_t floats = access.strides[2] * b_.target.lanes;
    Value* at = tile.base ? b_.ir.CreateGEP(b_.f32, row, scaled(tile.base, 2 * floats)) : row;
    return b_.load_vector(advanced(at, column * floats));
  }

  Value* add(Value* a, Value* c) { return b_.ir.CreateFAdd(a, c); }
  Value* subtract(Value* a, Value* c) { return b_.ir.CreateFSub(a, c); }
  Four to_points(const Four& d) {
    return {subtract(d[0], d[2]), add(d[1], d[2]), subtract(d[2], d[1]), subtract(d[1], d[3])};
  }
  std::array<Value*, 2> from_points(const Four& m) {
    return {add(add(m[0], m[1]), m[2]), subtract(subtract(m[1], m[2]), m[3])};
  }

  /// Where U has a point.
  Value* weight_point(Value* point) {
    if (!w_.turned) return point;
    const auto turned = [&](Value* k) {
      std::array<std::int64_t, 4> to;
      for (int from = 0; from < 4; ++from) to[from] = graph::winograd::turned_point(from);
      return chosen(k, to);
    };
    Value* four = b_.index(4);
    return b_.ir.CreateAdd(scaled(turned(b_.ir.CreateUDiv(point, four)), 4), turned(b_.ir.CreateURem(point, four)));
  }

  void transform_image(Value* strip) {
    b_.loop(b_.index(0), b_.index(w_.inputs), 1, [&](Value* channel) {
      b_.loop(b_.index(0), b_.index(w_.strip), 1, [&](Value* row) {
        Four rows;
        for (int d = 0; d < 4; ++d) rows[d] = row_of(w_.image, channel, image_row(strip, row, d));
        for_columns([&](const Columns& columns) { transform_tiles(columns, rows, channel, row); });
      });
    });
  }

  Value* image_row(Value* strip, Value* row, std::int64_t offset) {
    return b_.ir.CreateAdd(first_row(strip, row), b_.index(offset - 1));
  }
  Value* first_row(Value* strip, Value* row) { return scaled(b_.ir.CreateAdd(scaled(strip, w_.strip), row), 2); }

  /// 4x4 values become 16 points; neighbours share two columns.
  void transform_tiles(const Columns& columns, const Four& rows, Value* channel, Value* row) {
    const auto column = [&](const Coordinate& tile, std::int64_t h) {
      Four values;
      for (int d = 0; d < 4; ++d) values[d] = at_column(w_.image, rows[d], tile, h - 1);
      return to_points(values);
    };
    std::array<Four, 4> held;
    for (std::int64_t k = 0; k < columns.count; ++k) {
      const Coordinate tile = columns.first.plus(k);
      for (int h = 0; h < 4; ++h) held[h] = k > 0 && h < 2 ? held[h + 2] : column(tile, h);
      for (int k1 = 0; k1 < 4; ++k1) {
        const Four points = to_points({held[0][k1], held[1][k1], held[2][k1], held[3][k1]});
        for (int k2 = 0; k2 < 4; ++k2) b_.store_vector(points[k2], chunked_at(4 * k1 + k2, channel, row, tile));
      }
    }
  }

  /// Where a point of the image lies, chunk by chunk.
  Value* chunked_at(std::int64_t point, Value* channel, Value* row, const Coordinate& tile) {
    if (w_.chunk == tiles_) return tile_at(image_, at_.image_point, point, channel, row, tile);
    const std::int64_t chunk_stride = w_.inputs * w_.chunk, columns = w_.columns();
    if (!tile.base && columns % w_.chunk == 0)  // chunks of one row
      return vector_at(image_, {{channel, w_.chunk}, {row, columns / w_.chunk * chunk_stride}},
                       point * at_.image_point + tile.offset / w_.chunk * chunk_stride + tile.offset % w_.chunk);
    Value* at = b_.ir.CreateAdd(scaled(row, columns), b_.value(tile));
    return vector_at(image_,
                     {{b_.ir.CreateUDiv(at, b_.index(w_.chunk)), chunk_stride},
                      {channel, w_.chunk},
                      {b_.ir.CreateURem(at, b_.index(w_.chunk)), 1}},
                     point * at_.image_point);
  }

  void store_point(int scratch, std::int64_t point_stride, std::int64_t point, Value* value, Value* channel, Value* row,
                   const Coordinate& tile) {
    b_.store_vector(value, tile_at(scratch, point_stride, point, channel, row, tile));
  }

  Value* tile_at(int scratch, std::int64_t point_stride, std::int64_t point, Value* channel, Value* row,
                 const Coordinate& tile) {
    Value* base = tile.base ? tile.base : b_.index(0);
    return vector_at(scratch, {{channel, tiles_}, {row, w_.columns()}, {base, 1}}, point * point_stride + tile.offset);
  }

  static kernel::Phase phase_of(std::vector<std::int64_t> extents, std::int64_t sum, Access first, Access second) {
    kernel::Phase phase;
    phase.start.assign(extents.size(), 0);
    phase.step.assign(extents.size(), 1);
    phase.extents = std::move(extents);
    phase.reduction = {sum};
    phase.factors = {std::move(first), std::move(second)};
    return phase;
  }

  /// Emits the phase with arguments moved to where its factors and results begin.
  void emit_phase(const kernel::Phase& phase, std::initializer_list<std::pair<int, Value*>> places,
                  const PhaseEmitter::After& after) {
    std::vector<std::pair<int, Value*>> before;
    for (const auto& [argument, place] : places) {
      before.emplace_back(argument, b_.argument(argument));
      b_.set_argument(argument, place);
    }
    PhaseEmitter emitter(b_, phase);
    emitter.emit(
        b_.index(0), b_.index(emitter.tiles()), [](auto) {}, after);
    for (const auto& [argument, place] : before) b_.set_argument(argument, place);
  }

  /// The channel of `output` + `channel` among the products.
  Value* product_channel(Value* output, Value* channel) {
    return w_.by_rows ? b_.ir.CreateAdd(output, channel) : channel;
  }

  /// Products of weights [block, inputs] and image [inputs, tiles] from `output` on, at `count` points from `first` on,
  /// chunk by chunk of tiles.
  void multiply(Value* output, Value* first, std::int64_t count) {
    const Access& u = w_.other;
    const Access product{other_, {tiles_, 1}, 0, {}};
    Value* channel = product_channel(output, b_.index(0));
    const kernel::Phase phase =
        phase_of({w_.block, w_.chunk}, w_.inputs, {u.argument, {u.strides[1], 0, u.strides[2]}, 0, {}},
                 {image_, {0, 1, w_.chunk}, 0, {}});
    b_.loop(b_.index(0), b_.index(count), 1, [&](Value* k) {
      Value* point = b_.ir.CreateAdd(first, k);
      b_.loop(b_.index(0), b_.index(tiles_ / w_.chunk), 1, [&](Value* chunk) {
        emit_phase(phase,
                   {{u.argument,
                     vector_at(u.argument, {{weight_point(point), u.strides[0]}, {output, u.strides[1]}}, u.offset)},
                    {image_, vector_at(image_, {{k, at_.image_point}, {chunk, w_.inputs * w_.chunk}})},
                    {other_, vector_at(other_, {{point, at_.other_point}, {channel, tiles_}, {chunk, w_.chunk}})}},
                   [&](std::span<Value* const> sums, PhaseEmitter::Points points) {
                     for (std::size_t m = 0; m < sums.size(); ++m)
                       b_.store_vector(sums[m], b_.address(product, points[m]));
                   });
      });
    });
  }

  /// Products become the response at the block's outputs, with the nest's epilogue.
  void finish(Value* strip, Value* output) {
    b_.loop(b_.index(0), b_.index(w_.block), 1, [&](Value* channel) {
      b_.loop(b_.index(0), b_.index(w_.strip), 1, [&](Value* row) {
        Value* first = first_row(strip, row);
        const Coordinate plane{b_.ir.CreateAdd(output, channel), 0};
        Value* product = product_channel(output, channel);
        b_.when(b_.ir.CreateICmpULT(first, b_.index(w_.height)), [&] {
          for_columns([&](const Columns& columns) {
            for (std::int64_t k = 0; k < columns.count; ++k)
              finish_tile(columns.first.plus(k), product, row, plane, first);
          });
        });
      });
    });
  }

  void finish_tile(const Coordinate& tile, Value* product, Value* row, const Coordinate& plane, Value* first) {
    std::array<Four, 2> half;  // rows of results, points of columns
    for (int k2 = 0; k2 < 4; ++k2) {
      Four column;
      for (int k1 = 0; k1 < 4; ++k1)
        column[k1] = b_.load_vector(tile_at(other_, at_.other_point, 4 * k1 + k2, product, row, tile));
      const auto results = from_points(column);
      for (int e = 0; e < 2; ++e) half[e][k2] = results[e];
    }
    const Coordinate column{tile.base ? scaled(tile.base, 2) : nullptr, 2 * tile.offset};
    for (int e = 0; e < 2; ++e) {
      const auto results = from_points(half[e]);
      std::vector<Value*> values;
      std::vector<std::vector<Coordinate>> points;
      for (int f = 0; f < 2; ++f) {
        if (!column.base && column.offset + f >= w_.width) continue;
        values.push_back(results[f]);
        points.push_back({plane, {first, e}, column.plus(f)});
      }
      const bool always = e == 0 || w_.height % 2 == 0;
      b_.when(always ? nullptr : b_.ir.CreateICmpULT(b_.ir.CreateAdd(first, b_.index(e)), b_.index(w_.height)),
              [&] { emit_epilogue(b_, values, points); });
    }
  }

  /// The image's points of row k1 of B: rows 0 - 2, 1 + 2, 2 - 1, 1 - 3.
  void transform_row(Value* strip, Value* k1) {
    Value* sign = factor(k1, {-1, 1, -1, -1});
    for_planes(b_.index(0), b_.index(w_.inputs), [&](Value* channel, Value* row) {
      const auto one = [&](const std::array<std::int64_t, 4>& offsets) {
        return row_of(w_.image, channel, b_.ir.CreateAdd(first_row(strip, row), chosen(k1, offsets)));
      };
      Value *top = one({-1, 0, 1, 0}), *bottom = one({1, 1, 0, 2});
      for_columns([&](const Columns& columns) { image_points(columns, top, bottom, sign, channel, row); });
    });
  }

  /// A strip's part of the gradient in the weights, four points at a time.
  void add_weights(Value* strip) {
    Value *first = scaled(b_.begin, w_.block), *last = scaled(b_.end, w_.block);
    b_.loop(b_.index(0), b_.index(4), 1, [&](Value* k1) {
      transform_row(strip, k1);
      for_planes(first, last, [&](Value* channel, Value* row) {
        // Row k1 of A: 0, 0 + 1, 0 - 1, -1.
        const std::array<Value*, 2> rows{
            row_of(w_.other, channel, first_row(strip, row)),
            row_of(w_.other, channel, b_.ir.CreateAdd(first_row(strip, row), b_.index(1)))};
        const std::array<Value*, 2> by{factor(k1, {1, 1, 1, 0}), factor(k1, {0, 1, -1, -1})};
        for_columns([&](const Columns& columns) { cotangent_points(columns, rows, by, channel, row); });
      });
      b_.loop(b_.index(0), b_.index(4), 1, [&](Value* k2) {
        Value* point = b_.ir.CreateAdd(scaled(k1, 4), k2);
        b_.loop(b_.begin, b_.end, 1, [&](Value* block) { add_products(point, k2, scaled(block, w_.block)); });
      });
    });
  }

  void for_planes(Value* first, Value* last, const std::function<void(Value*, Value*)>& body) {
    b_.loop(first, last, 1, [&](Value* channel) {
      b_.loop(b_.index(0), b_.index(w_.strip), 1, [&](Value* row) { body(channel, row); });
    });
  }

  Value* chosen(Value* k, const std::array<std::int64_t, 4>& values) {
    Value* made = b_.index(values[3]);
    for (int at = 3; at-- > 0;)
      made = b_.ir.CreateSelect(b_.ir.CreateICmpEQ(k, b_.index(at)), b_.index(values[at]), made);
    return made;
  }
  Value* factor(Value* k, const std::array<std::int64_t, 4>& values) {
    return b_.ir.CreateVectorSplat(b_.width, b_.ir.CreateSIToFP(chosen(k, values), b_.f32));
  }

  void image_points(const Columns& columns, Value* top, Value* bottom, Value* sign, Value* channel, Value* row) {
    const auto column = [&](const Coordinate& tile, std::int64_t h) -> Value* {
      Value* upper = at_column(w_.image, top, tile, h - 1);
      return b_.fma(sign, at_column(w_.image, bottom, tile, h - 1), upper);
    };
    Four held;
    for (std::int64_t k = 0; k < columns.count; ++k) {
      const Coordinate tile = columns.first.plus(k);
      for (int h = 0; h < 4; ++h) held[h] = k > 0 && h < 2 ? held[h + 2] : column(tile, h);
      const Four points = to_points(held);
      for (int k2 = 0; k2 < 4; ++k2) b_.store_vector(points[k2], chunked_at(k2, channel, row, tile));
    }
  }

  void cotangent_points(const Columns& columns, const std::array<Value*, 2>& rows, const std::array<Value*, 2>& by,
                        Value* channel, Value* row) {
    for (std::int64_t k = 0; k < columns.count; ++k) {
      const Coordinate tile = columns.first.plus(k);
      std::array<Value*, 2> y;
      for (int f = 0; f < 2; ++f)
        y[f] = b_.fma(by[0], at_column(w_.other, rows[0], tile, f),
                      b_.ir.CreateFMul(by[1], at_column(w_.other, rows[1], tile, f)));
      const Four points{y[0], add(y[0], y[1]), subtract(y[0], y[1]), b_.ir.CreateFNeg(y[1])};
      for (int k2 = 0; k2 < 4; ++k2) store_point(other_, at_.other_point, k2, points[k2], channel, row, tile);
    }
  }

  /// Adds cotangent [block, tiles] times image [tiles, inputs] to the result at one point.
  void add_products(Value* point, Value* k2, Value* output) {
    const kernel::Phase phase =
        phase_of({w_.block, w_.inputs}, tiles_, {other_, {tiles_, 0, 1}, 0, {}}, {image_, {0, tiles_, 1}, 0, {}});
    emit_phase(phase,
               {{other_, vector_at(other_, {{k2, at_.other_point}, {output, tiles_}})},
                {image_, vector_at(image_, {{k2, at_.image_point}})}},
               [&](std::span<Value* const> sums, PhaseEmitter::Points members) {
                 std::vector<std::vector<Coordinate>> points;
                 Value* base = nullptr;  // one for all, so that neighbours are seen to be neighbours
                 for (const auto& member : members) {
                   if (!base) base = member[0].base ? b_.ir.CreateAdd(output, member[0].base) : output;
                   points.push_back({{point, 0}, {base, member[0].offset}, member[1]});
                 }
                 emit_epilogue(b_, sums, points);
               });
  }

  LaneBuilder& b_;
  const kernel::Winograd& w_;
  kernel::WinogradLayout at_;
  std::int64_t tiles_;                     // of a strip
  int image_ = 0, other_ = 0, zeros_ = 0;  // arguments in scratch memory
};

}  // namespace

std::int64_t emit_winograd(LaneBuilder& builder) {
  assert(builder.nest.varying && "images are one a sample");
  return WinogradEmitter(builder).emit();
}

}  // namespace qiln::codegen
