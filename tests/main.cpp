#include <cstdlib>

#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

namespace {
/// Every boundary between phases is verified, here and in each `qiln` that tests start (compiler/verification.h).
[[maybe_unused]] const int verified = setenv("QILN_VERIFY", "1", 1);
}  // namespace
