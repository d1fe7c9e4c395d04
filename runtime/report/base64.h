// Base64 (RFC 4648), as data URLs carry pictures.
#pragma once

#include <string>
#include <string_view>

namespace qiln::report {

std::string base64(std::string_view bytes);

}  // namespace qiln::report
