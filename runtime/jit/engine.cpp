#include "runtime/jit/engine.h"

#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/Support/BLAKE3.h>
#include <llvm/Support/raw_ostream.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "compiler/codegen/emit.h"
#include "compiler/codegen/optimise.h"
#include "dsl/error.h"

namespace qiln::jit {
namespace {

/// The value, or qiln::Error with LLVM's words.
template <class T>
T unwrap(llvm::Expected<T> expected, const char* what) {
  if (expected) return std::move(*expected);
  throw Error(std::string(what) + ": " + llvm::toString(expected.takeError()));
}
void unwrap(llvm::Error error, const char* what) {
  if (error) throw Error(std::string(what) + ": " + llvm::toString(std::move(error)));
}

/// What decides the object: the module, who compiles it, and for what.
std::string key_of(const llvm::Module& module, const codegen::Target& target) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::WriteBitcodeToFile(module, stream);
  for (std::string_view part : {std::string_view(target.cpu), std::string_view(target.features), codegen::pipeline_id,
                                std::string_view(LLVM_VERSION_STRING), std::string_view(QILN_VERSION)})
    stream << '\0' << llvm::StringRef(part.data(), part.size());
  const auto hash = llvm::BLAKE3::hash<16>({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  static constexpr char digits[] = "0123456789abcdef";
  std::string key;
  for (std::uint8_t byte : hash) key += {digits[byte >> 4], digits[byte & 15]};
  return key;
}

std::string symbol_of(const std::string& key) { return "kernel_" + key; }

}  // namespace

struct Engine::Implementation {
  codegen::Target target;
  ObjectCache cache;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::mutex mutex;
  std::map<std::string, qiln_kernel> known;  // by key; null until linked
  Counts counts;

  Implementation(codegen::Target target_, const CacheOptions& options) : target(std::move(target_)), cache(options) {
    auto machine = codegen::make_target_machine(target);
    llvm::orc::JITTargetMachineBuilder builder{machine->getTargetTriple()};
    builder.setCPU(target.cpu);
    builder.setRelocationModel(llvm::Reloc::PIC_);
    builder.setCodeModel(llvm::CodeModel::Small);
    jit = unwrap(llvm::orc::LLJITBuilder()
                     .setJITTargetMachineBuilder(std::move(builder))
                     .setLinkProcessSymbolsByDefault(false)
                     .setPlatformSetUp(llvm::orc::setUpInactivePlatform)
                     .create(),
                 "cannot start the compiler");
    add_symbols();
  }

  /// What generated code may call: the code generator's own library calls.
  void add_symbols() {
    llvm::orc::SymbolMap symbols;
    auto add = [&](const char* name, auto* function) {
      symbols[jit->mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function),
                                             llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
    };
    add("memcpy", static_cast<void* (*)(void*, const void*, std::size_t)>(std::memcpy));
    add("memmove", static_cast<void* (*)(void*, const void*, std::size_t)>(std::memmove));
    add("memset", static_cast<void* (*)(void*, int, std::size_t)>(std::memset));
    add("fmaf", static_cast<float (*)(float, float, float)>(::fmaf));
    add("floorf", static_cast<float (*)(float)>(::floorf));
    unwrap(jit->getMainJITDylib().define(llvm::orc::absoluteSymbols(std::move(symbols))), "cannot bind symbols");
  }

  /// Emits the nest; the first to see its key also makes and adds the object. Returns the tiles.
  codegen::Tiles build(const kernel::Nest& nest, std::unique_ptr<llvm::TargetMachine>& machine, std::string& key) {
    llvm::LLVMContext context;
    codegen::EmittedNest emitted = codegen::emit(nest, target, context);
    key = key_of(*emitted.module, target);
    {
      std::lock_guard lock(mutex);
      if (!known.emplace(key, nullptr).second) {
        ++counts.shared;
        return emitted.tiles;
      }
    }
    std::optional<std::string> object = cache.find(key);
    const bool loaded = object.has_value();
    if (!loaded) {
      if (!machine) machine = codegen::make_target_machine(target);
      emitted.module->getFunction("kernel")->setName(symbol_of(key));
      codegen::optimise(*emitted.module, *machine);
      const auto bytes = codegen::emit_machine_code(*emitted.module, *machine);
      object.emplace(bytes.data(), bytes.size());
      cache.insert(key, *object);
    }
    std::lock_guard lock(mutex);
    ++(loaded ? counts.loaded : counts.compiled);
    unwrap(jit->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(*object, key)), "cannot link a kernel");
    return emitted.tiles;
  }

  /// Links what was added: one look-up for all, so that the linker works on them together.
  void link() {
    llvm::orc::SymbolLookupSet wanted;
    std::map<std::string, llvm::orc::SymbolStringPtr> names;
    for (auto& [key, function] : known) {
      if (function) continue;
      names[key] = jit->mangleAndIntern(symbol_of(key));
      wanted.add(names[key]);
    }
    if (names.empty()) return;
    auto& session = jit->getExecutionSession();
    const auto found = unwrap(
        session.lookup({{&jit->getMainJITDylib(), llvm::orc::JITDylibLookupFlags::MatchAllSymbols}}, std::move(wanted)),
        "cannot link the kernels");
    for (const auto& [key, name] : names) known[key] = found.at(name).getAddress().toPtr<qiln_kernel>();
  }
};

Engine::Engine(codegen::Target target, const CacheOptions& cache)
    : implementation_(std::make_unique<Implementation>(std::move(target), cache)) {}
Engine::~Engine() = default;

const codegen::Target& Engine::target() const { return implementation_->target; }
Engine::Counts Engine::counts() const { return implementation_->counts; }

std::vector<CompiledKernel> Engine::compile(std::span<const kernel::Nest* const> nests, int threads) {
  auto& self = *implementation_;
  if (threads <= 0) threads = static_cast<int>(std::thread::hardware_concurrency());
  threads = std::max(1, std::min<int>(threads, static_cast<int>(nests.size())));
  std::vector<CompiledKernel> kernels(nests.size());
  std::vector<std::string> keys(nests.size());
  std::vector<std::exception_ptr> failures(threads);
  std::atomic<std::size_t> next = 0;
  auto work = [&](int thread) {
    std::unique_ptr<llvm::TargetMachine> machine;  // one a thread: they may not be shared
    try {
      for (std::size_t i = next++; i < nests.size(); i = next++) {
        const codegen::Tiles tiles = self.build(*nests[i], machine, keys[i]);
        kernels[i].tiles = tiles.count;
        kernels[i].stages = tiles.stages;
      }
    } catch (...) {
      failures[thread] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> pool;
    for (int t = 1; t < threads; ++t) pool.emplace_back(work, t);
    work(0);
  }
  for (const auto& failure : failures)
    if (failure) std::rethrow_exception(failure);
  self.link();
  for (std::size_t i = 0; i < nests.size(); ++i) kernels[i].function = self.known.at(keys[i]);
  return kernels;
}

std::vector<CompiledKernel> Engine::compile(std::span<const kernel::Nest> nests, int threads) {
  std::vector<const kernel::Nest*> pointers;
  for (const auto& nest : nests) pointers.push_back(&nest);
  return compile(pointers, threads);
}

std::string emit_text(const kernel::Nest& nest, const codegen::Target& target, TextStage stage) {
  llvm::LLVMContext context;
  auto emitted = codegen::emit(nest, target, context);
  auto machine = codegen::make_target_machine(target);
  std::string text;
  if (stage != TextStage::llvm) codegen::optimise(*emitted.module, *machine);
  if (stage == TextStage::assembly) {
    const auto bytes = codegen::emit_machine_code(*emitted.module, *machine, /*assembly=*/true);
    return {bytes.data(), bytes.size()};
  }
  llvm::raw_string_ostream stream(text);
  emitted.module->print(stream, nullptr);
  return text;
}

}  // namespace qiln::jit
