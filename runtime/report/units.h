// Figures as people read them.
#pragma once

#include <cstddef>
#include <string>

namespace qiln::report {

/// 1.23 Gflop, 640 kB: three figures and a decimal prefix.
std::string scaled(double value, const char* unit);
/// 12.3 µs, 84.1 ms, 2.5 s
std::string duration_text(double seconds);
/// 60,000
std::string grouped(std::size_t value);

}  // namespace qiln::report
