// The gate table: one row declares everything about a gate. Code branches on flags, never on names.
#pragma once

#include <cstdint>

namespace qiln {

/// Index of a row of the gate table.
enum class Gate : std::uint8_t {};

}  // namespace qiln
