// What emission gave for nests seen before, on disk, so that a warm start finds its objects without emitting any code.
//
// Why an entry can be trusted: emission is a function of kernel::identity(nest), the target, and the code of the
// emitters. The first is an entry's key. The other two name the file: it belongs to one target and to one build of this
// program (build_id.h), whatever was changed between two builds. Objects themselves are found by their modules as ever,
// so another build emits once more and then shares them. Where boundaries are verified (compiler/verification.h) the
// engine emits all the same and compares.
#pragma once

#include <map>
#include <string>

#include "compiler/codegen/target.h"
#include "compiler/codegen/tiles.h"
#include "runtime/jit/digest.h"
#include "runtime/jit/object_cache.h"

namespace qiln::jit {

struct Emission {
  Digest object{};  // of the module and of all else that decides the object
  codegen::Tiles tiles;
  bool operator==(const Emission&) const = default;
};

class EmissionIndex {
 public:
  /// Reads what `cache`, which must outlive this, holds for the target and this build.
  EmissionIndex(const ObjectCache& cache, const codegen::Target& target);

  /// Null where nothing is known. `nest`: the digest of kernel::identity.
  const Emission* find(const Digest& nest) const;
  void add(const Digest& nest, const Emission& emission);
  /// Writes what was added since the last time, beside what others have written meanwhile.
  void save();

 private:
  void read();

  const ObjectCache& cache_;
  std::string name_;  // of the cache's entry; empty: this build has no name, nothing is kept
  std::map<Digest, Emission> known_;
  bool added_ = false;
};

}  // namespace qiln::jit
