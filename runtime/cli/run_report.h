// A run folder's page.
#pragma once

#include <filesystem>

namespace qiln::cli {

/// Gathers what the run folder holds and what the compiler says about its model, and writes report.html into it.
/// Returns that path.
std::filesystem::path write_run_report(const std::filesystem::path& run);

}  // namespace qiln::cli
