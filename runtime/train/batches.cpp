#include "runtime/train/batches.h"

#include "runtime/random/philox.h"
#include "runtime/random/shuffle.h"

namespace qiln::train {

std::vector<std::uint32_t> next_images(std::uint64_t seed, std::int64_t cursor, std::int64_t count,
                                       std::uint32_t images) {
  std::vector<std::uint32_t> chosen, order;
  std::int64_t epoch = -1;
  for (std::int64_t position = cursor; position < cursor + count; ++position) {
    if (position / images != epoch) {
      epoch = position / images;
      order =
          random::permutation({seed, static_cast<std::uint32_t>(epoch), 0, random::site_hash("data.order")}, images);
    }
    chosen.push_back(order[position % images]);
  }
  return chosen;
}

}  // namespace qiln::train
