// Which losses of a run are the best so far, as part of what a checkpoint keeps.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>

namespace qiln::train {

class BestLoss {
 public:
  /// A training step's loss; their mean stands in where no images are held out.
  void add(double training_loss);
  double mean() const { return sum_ / static_cast<double>(count_); }

  /// Whether `loss` is below all before. Starts a new mean.
  bool offer(double loss);
  double best() const { return best_; }
  /// How many offers in a row were not the best.
  std::int64_t worse() const { return worse_; }

  /// To and from a checkpoint's `extra`, every bit.
  void save(std::map<std::string, std::string>& extra) const;
  void restore(const std::map<std::string, std::string>& extra);

 private:
  double best_ = std::numeric_limits<double>::infinity(), sum_ = 0;
  std::int64_t count_ = 0, worse_ = 0;
};

}  // namespace qiln::train
