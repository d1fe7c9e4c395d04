// Whole files, read and replaced. Failures are qiln::Error naming the file, what failed and why.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace qiln {

/// The bytes of a regular file; an error when it is larger than `limit`.
std::string read_file(const std::filesystem::path& path, std::size_t limit = std::size_t{1} << 32);

/// Replaces (or creates) `path` with the pieces in order. At every moment, also after a kill or a power cut, the path
/// holds either all of the old or all of the new bytes: a temporary file in the same folder is written, synced and
/// renamed, then the folder is synced. Safe against other processes that write the same path. The folder must exist.
void write_file_atomic(const std::filesystem::path& path, std::span<const std::string_view> pieces);
void write_file_atomic(const std::filesystem::path& path, std::string_view bytes);

/// Gives the file at `from` the second name `to`, atomically and in place of what was there; copies it where the file
/// system has no hard links.
void link_file_atomic(const std::filesystem::path& from, const std::filesystem::path& to);

/// `create_directories` with errors as qiln::Error.
void make_folder(const std::filesystem::path& path);

/// Removes temporary files in `folder` that killed writers of `write_file_atomic` left there. Call it only where no
/// other process writes. A missing folder is fine.
void remove_partial_files(const std::filesystem::path& folder);

}  // namespace qiln
