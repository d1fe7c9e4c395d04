// The machine that kernels are made for.
#pragma once

#include <cstdint>
#include <string>

namespace qiln::codegen {

struct Target {
  std::string triple, cpu, features;  // LLVM's words
  int lanes = 8;                      // floats a lane vector; 16, 8 or 4
  int vector_bits = 256;              // of a register
  int vector_registers = 16;
  std::int64_t l1_bytes = 32 << 10, l2_bytes = 512 << 10;
  /// Accumulators that stay in registers beside the operands of a multiply-add.
  int accumulators() const;
};

/// The machine this runs on; `lanes` 0 takes its natural width (16 with AVX-512, 8 with AVX2, else 4).
Target host_target(int lanes = 0);

}  // namespace qiln::codegen
