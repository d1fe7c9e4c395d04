// Images that training does not see.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/data/images.h"

namespace qiln::data {

/// Takes `count` images, drawn by `seed`, out of `images` and gives them; both keep the order of before. qiln::Error
/// (exit code 1) when none would be left.
Images hold_out(Images& images, std::size_t count, std::uint64_t seed);

}  // namespace qiln::data
