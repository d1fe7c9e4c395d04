#include "runtime/jit/build_id.h"

#include <elf.h>
#include <link.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace qiln::jit {
namespace {

/// The id among the notes of a segment: each is a header, a name and a description, padded to words.
std::string id_in_notes(std::string_view notes) {
  const auto padded = [](std::size_t size) { return (size + 3) / 4 * 4; };
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes.data(), sizeof header);
    const std::size_t name = sizeof header, description = name + padded(header.n_namesz);
    const std::size_t end = description + padded(header.n_descsz);
    if (end > notes.size()) break;
    if (header.n_type == NT_GNU_BUILD_ID && notes.substr(name, header.n_namesz) == std::string_view("GNU", 4))
      return std::string(notes.substr(description, header.n_descsz));
    notes.remove_prefix(end);
  }
  return {};
}

/// Called for each program or library that is loaded; stops at the one that holds this function.
int visit(dl_phdr_info* loaded, std::size_t, void* found) {
  const auto here = reinterpret_cast<std::uintptr_t>(&visit);
  bool mine = false;
  std::string id;
  for (int k = 0; k < loaded->dlpi_phnum; ++k) {
    const auto& segment = loaded->dlpi_phdr[k];
    const std::uintptr_t begin = loaded->dlpi_addr + segment.p_vaddr;
    mine = mine || (segment.p_type == PT_LOAD && begin <= here && here < begin + segment.p_memsz);
    if (segment.p_type == PT_NOTE && id.empty())
      id = id_in_notes({reinterpret_cast<const char*>(begin), segment.p_memsz});
  }
  if (mine) *static_cast<std::string*>(found) = std::move(id);
  return mine;
}

}  // namespace

std::string build_id() {
  std::string id;
  dl_iterate_phdr(visit, &id);
  return id;
}

}  // namespace qiln::jit
