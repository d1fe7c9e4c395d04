#include "compiler/verification.h"

#include <cstdlib>

namespace qiln {

bool verified_at_boundaries() {
#ifdef QILN_DEBUG
  return true;
#else
  static const bool wanted = std::getenv("QILN_VERIFY") != nullptr;
  return wanted;
#endif
}

}  // namespace qiln
