#include "compiler/kernel/growing_order.h"

#include <algorithm>
#include <random>

#include "tests/catch.h"

using qiln::kernel::GrowingOrder;

namespace {

/// The same questions, answered by a matrix of paths.
class Paths {
 public:
  explicit Paths(int count) : paths_(count, std::vector<bool>(count)) {
    for (int k = 0; k < count; ++k) paths_[k][k] = true;
  }
  bool precedes(int before, int after) const { return paths_[before][after]; }
  void connect(int before, int after) {
    for (auto& from : paths_)
      if (from[before])
        for (std::size_t to = 0; to < paths_.size(); ++to) from[to] = from[to] || paths_[after][to];
  }

 private:
  std::vector<std::vector<bool>> paths_;
};

}  // namespace

TEST_CASE("a growing order answers as a matrix of paths does") {
  std::mt19937 random(1);
  for (int graph = 0; graph < 20; ++graph) {
    const int count = 5 + graph * 2;
    GrowingOrder order;
    Paths paths(count);
    for (int k = 0; k < count; ++k) CHECK(order.add() == k);
    auto any = [&] { return static_cast<int>(random() % static_cast<unsigned>(count)); };
    for (int edge = 0; edge < 3 * count; ++edge) {
      const int before = any(), after = any();
      if (paths.precedes(after, before)) continue;
      order.connect(before, after);
      paths.connect(before, after);
      bool same = true;
      for (int a = 0; a < count; ++a)
        for (int b = 0; b < count; ++b) same = same && order.precedes(a, b) == paths.precedes(a, b);
      CHECK(same);
    }
  }
}

TEST_CASE("nodes of a growing order merge with their edges") {
  // 0 -> 1 -> 2 -> 3 and 4 -> 1, then 1 and 2 become one.
  GrowingOrder order;
  for (int k = 0; k < 5; ++k) order.add();
  order.connect(0, 1);
  order.connect(1, 2);
  order.connect(2, 3);
  order.connect(4, 1);
  order.merge(1, 2);
  CHECK(order.precedes(0, 2));
  CHECK(order.precedes(4, 3));
  CHECK(order.precedes(2, 3));
  CHECK_FALSE(order.precedes(0, 1));
  CHECK_FALSE(order.precedes(1, 3));
  CHECK_FALSE(order.precedes(2, 1));
}
