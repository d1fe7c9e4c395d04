// A run on one page that needs no other file and no network.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/report/loss_curve.h"

namespace qiln::report {

struct Grid {
  std::int64_t step = 0;
  bool raw = false;  // of the last weights instead of the averaged ones
  std::string png;   // the file's bytes
};

struct Drawing {
  std::string title, svg;
};

using Rows = std::vector<std::pair<std::string, std::string>>;

struct RunReport {
  std::string title;
  Rows facts;                   // the first thing one sees: steps, loss, time
  std::vector<LoggedStep> log;  // the loss curve
  std::vector<Grid> grids;      // in order of their steps
  std::vector<Drawing> drawings;
  std::string warnings;  // of the compiler, as in a terminal; empty: none
  Rows settings, timing;
  std::string model;  // the file's text
};

std::string html_report(const RunReport& run);

}  // namespace qiln::report
