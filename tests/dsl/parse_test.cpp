#include "dsl/parse.h"

#include <filesystem>

#include "dsl/prelude.h"
#include "dsl/print.h"
#include "tests/catch.h"
#include "tests/dsl/language.h"

using namespace qiln::dsl;

TEST_CASE("every shipped model survives printing") {
  for (const auto& entry : std::filesystem::directory_iterator(QILN_SOURCE_DIR "/models")) {
    if (entry.path().extension() != ".qiln") continue;
    INFO(entry.path());
    check_round_trip(*load_from_disk(entry.path().string()));
  }
}

TEST_CASE("the prelude survives printing") { check_round_trip(prelude_text()); }
