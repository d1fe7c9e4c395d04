#include "runtime/jit/emission_index.h"

#include <cstring>
#include <string_view>

#include "compiler/bytes.h"
#include "runtime/jit/build_id.h"

namespace qiln::jit {
namespace {

struct Record {
  Digest nest, object;
  std::int64_t tiles, stages;
};
static_assert(std::has_unique_object_representations_v<Record>);

std::string name_for(const codegen::Target& target) {
  std::string bytes = build_id();
  if (bytes.empty()) return {};
  append_bytes(bytes, target);
  return name_of(digest(bytes)) + ".nests";
}

}  // namespace

EmissionIndex::EmissionIndex(const ObjectCache& cache, const codegen::Target& target)
    : cache_(cache), name_(name_for(target)) {
  read();
}

void EmissionIndex::read() {
  const auto entry = name_.empty() ? std::nullopt : cache_.find(name_);
  if (!entry) return;
  for (std::string_view rest = entry->bytes; rest.size() >= sizeof(Record); rest.remove_prefix(sizeof(Record))) {
    Record record;
    std::memcpy(&record, rest.data(), sizeof record);
    known_.emplace(record.nest, Emission{record.object, {record.tiles, record.stages}});
  }
}

const Emission* EmissionIndex::find(const Digest& nest) const {
  const auto found = known_.find(nest);
  return found == known_.end() ? nullptr : &found->second;
}

void EmissionIndex::add(const Digest& nest, const Emission& emission) {
  added_ = known_.emplace(nest, emission).second || added_;
}

void EmissionIndex::save() {
  if (!added_ || name_.empty()) return;
  added_ = false;
  read();
  std::string bytes;
  for (const auto& [nest, emission] : known_) {
    const Record record{nest, emission.object, emission.tiles.count, emission.tiles.stages};
    bytes.append(reinterpret_cast<const char*>(&record), sizeof record);
  }
  cache_.insert(name_, bytes);
}

}  // namespace qiln::jit
