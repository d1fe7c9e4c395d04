#include <cmath>

#include "runtime/reference/operations.h"

namespace qiln::reference {

template <class Real>
Value<Real> draw(const graph::Node& node, random::Stream stream, std::int64_t samples) {
  const auto& attributes = node.as<graph::RandomAttributes>();
  auto result = zeros<Real>(samples, node.type.shape);
  const bool normal = attributes.distribution == graph::Distribution::normal;
  for (std::int64_t s = 0; s < samples; ++s, ++stream.sample)
    for (std::int64_t e = 0; e < result.value.cols(); ++e) {
      const auto element = static_cast<std::uint64_t>(e);
      const auto bound = static_cast<std::uint32_t>(attributes.bound);
      result.value(s, e) = normal ? stream.normal<Real>(element)
                           : attributes.distribution == graph::Distribution::uniform
                               ? stream.uniform<Real>(element)
                               : static_cast<Real>(stream.integer<float>(element, bound));
    }
  // The angle of a normal, up to 2 pi, carries its rounding into numbers that may be near 0; the radius is below 6.
  result.magnitude = result.value.abs();
  if (normal) result.magnitude += Real(8);
  return result;
}

template Value<float> draw(const graph::Node&, random::Stream, std::int64_t);
template Value<double> draw(const graph::Node&, random::Stream, std::int64_t);

}  // namespace qiln::reference
