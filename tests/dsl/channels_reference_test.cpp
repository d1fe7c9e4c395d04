// The channel table against PennyLane's Kraus operators (tests/reference/channels.json).
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "dsl/channels.h"
#include "tests/catch.h"

namespace qiln {
namespace {

TEST_CASE("every channel has PennyLane's transfer matrix") {
  std::ifstream file(QILN_SOURCE_DIR "/tests/reference/channels.json");
  REQUIRE(file);
  const auto rows = nlohmann::json::parse(file).at("matrices");
  for (const auto& row : rows) {
    const auto name = row.at("channel").get<std::string>();
    INFO(name);
    const auto id = channel_named(name);
    REQUIRE(id);
    const auto parameters = row.at("parameters").get<std::vector<double>>();
    const auto expected = row.at("matrix").get<std::vector<double>>();
    const auto found = transfer_matrix(*id, parameters);
    REQUIRE(expected.size() == found.size());
    for (std::size_t e = 0; e < found.size(); ++e)
      CHECK(std::abs(found[e] - expected[e]) < 1.01e-7);  // PennyLane adds 1e-14 under its roots: 1e-7 where they are 0
  }
  for (const ChannelRow& row : channels()) {
    INFO(std::string(row.name));
    const bool there =
        std::any_of(rows.begin(), rows.end(), [&](const auto& r) { return r.at("channel") == row.name; });
    CHECK(there != row.flags.readout);
  }
}

}  // namespace
}  // namespace qiln
