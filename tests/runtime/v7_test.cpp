// The v7 U-Net, compiled, against PyTorch.
#include "tests/v7_network.h"

#include "tests/runtime/v7_values.h"

using namespace qiln;

TEST_CASE("the compiled v7 U-Net matches PyTorch", "[v7]") {
  jit::Engine engine(codegen::host_target(), test::no_cache());
  test::check_v7("v7_plain", test::v7_plain_network(), engine);
}
