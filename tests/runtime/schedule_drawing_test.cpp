// The drawing of a noise schedule.
#include "runtime/report/schedule_drawing.h"

#include <cmath>

#include "tests/catch.h"

using namespace qiln;

TEST_CASE("a schedule is drawn above an image with more and more noise", "[report]") {
  std::vector<double> levels;
  for (int i = 0; i <= 20; ++i) levels.push_back(std::exp(-8.0 * i / 20));
  const auto schedule = diffusion::discretise(levels);
  for (std::size_t channels : {1, 3}) {
    data::Images images{.count = 1, .channels = channels, .height = 4, .width = 6};
    images.pixels.assign(images.image_size(), 200);
    const std::string svg = report::schedule_svg(schedule, images);
    CHECK(svg.starts_with("<svg "));
    CHECK(svg.ends_with("</svg>\n"));
    CHECK(svg.find("data:image/png;base64,iVBORw0KGgo") != std::string::npos);
    CHECK(svg.find(diffusion::describe(schedule)) != std::string::npos);
    CHECK(svg.find("nan") == std::string::npos);
    CHECK(svg.find("inf") == std::string::npos);
  }
}
