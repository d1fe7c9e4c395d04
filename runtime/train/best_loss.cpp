#include "runtime/train/best_loss.h"

#include <fmt/format.h>

#include <cstdlib>

namespace qiln::train {

void BestLoss::add(double training_loss) {
  sum_ += training_loss;
  ++count_;
}

bool BestLoss::offer(double loss) {
  sum_ = 0;
  count_ = 0;
  const bool better = loss < best_;
  worse_ = better ? 0 : worse_ + 1;
  if (better) best_ = loss;
  return better;
}

void BestLoss::save(std::map<std::string, std::string>& extra) const {
  extra["best.loss"] = fmt::format("{:a}", best_);
  extra["best.sum"] = fmt::format("{:a}", sum_);
  extra["best.count"] = std::to_string(count_);
  extra["best.worse"] = std::to_string(worse_);
}

void BestLoss::restore(const std::map<std::string, std::string>& extra) {
  const auto read = [&](const char* key, auto& value) {
    if (const auto found = extra.find(key); found != extra.end())
      value = static_cast<std::remove_reference_t<decltype(value)>>(std::strtod(found->second.c_str(), nullptr));
  };
  read("best.loss", best_);
  read("best.sum", sum_);
  read("best.count", count_);
  read("best.worse", worse_);
}

}  // namespace qiln::train
