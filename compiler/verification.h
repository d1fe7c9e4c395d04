// Whether the verifiers behind the levels run at each boundary between phases. They do in debug builds, and in any
// build when the environment has QILN_VERIFY, which the tests set: for themselves and for the `qiln` that they start.
#pragma once

namespace qiln {

/// Asked once; later changes of the environment are not seen.
bool verified_at_boundaries();

}  // namespace qiln
