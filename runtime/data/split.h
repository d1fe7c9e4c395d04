// The parts that a set of images comes in.
#pragma once

#include <string_view>

namespace qiln::data {

enum class Split { train, val, test };

constexpr std::string_view name_of(Split split) {
  return split == Split::train ? "train" : split == Split::val ? "val" : "test";
}

}  // namespace qiln::data
