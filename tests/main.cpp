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
/// They read the data that ships, never what this user has fetched.
[[maybe_unused]] const int data_folder = setenv("QILN_DATA", QILN_SOURCE_DIR "/models/data", 1);
}  // namespace
