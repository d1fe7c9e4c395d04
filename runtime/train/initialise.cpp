#include "runtime/train/initialise.h"

#include <algorithm>

#include "runtime/random/philox.h"

namespace qiln::train {

void initialise(const graph::ParamAttributes& attributes, std::uint64_t seed, std::span<float> values) {
  random::Stream stream{seed, 0, 0, random::site_hash("init." + attributes.path)};
  switch (attributes.initialiser) {
    case graph::Initialiser::constant:
      std::fill(values.begin(), values.end(), static_cast<float>(attributes.a));
      return;
    case graph::Initialiser::uniform:
      random::fill_uniform<float>(stream, values);
      for (float& v : values) v = static_cast<float>(attributes.a + (attributes.b - attributes.a) * v);
      return;
    case graph::Initialiser::normal:
      random::fill_normal<float>(stream, values);
      for (float& v : values) v = static_cast<float>(attributes.a + attributes.b * v);
      return;
  }
}

}  // namespace qiln::train
