#include "runtime/jit/linker.h"

#include <llvm/ExecutionEngine/Orc/Core.h>
#include <llvm/ExecutionEngine/Orc/ExecutorProcessControl.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/Support/MemoryBuffer.h>

#include <cmath>
#include <cstring>
#include <utility>

#include "dsl/error.h"

namespace qiln::jit {
namespace {

using namespace llvm::orc;

/// Why a link on this thread failed; the look-up that asked for it only learns that it did.
thread_local std::string reason;

/// qiln::Error with LLVM's words, unless it is success.
void check(llvm::Error error, const char* what) {
  if (!error) return;
  const std::string said = llvm::toString(std::move(error)), because = std::exchange(reason, {});
  throw Error(std::string(what) + ": " + (because.empty() ? said : because));
}
template <class T>
T unwrap(llvm::Expected<T> expected, const char* what) {
  if (!expected) check(expected.takeError(), what);
  return std::move(*expected);
}

/// Whoever looks a symbol up links its object, on the thread that asks.
std::unique_ptr<ExecutorProcessControl> this_process() {
  return unwrap(SelfExecutorProcessControl::Create(nullptr, std::make_unique<InPlaceTaskDispatcher>()),
                "cannot link for this machine");
}

}  // namespace

struct Linker::Implementation {
  ExecutionSession session{this_process()};
  ObjectLinkingLayer layer{session};
  JITDylib& library = session.createBareJITDylib("kernels");

  Implementation() {
    session.setErrorReporter([](llvm::Error error) { reason = llvm::toString(std::move(error)); });
    SymbolMap symbols;
    const auto add = [&](const char* name, auto* function) {
      symbols[session.intern(name)] = {ExecutorAddr::fromPtr(function),
                                       llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
    };
    add("memcpy", static_cast<void* (*)(void*, const void*, std::size_t)>(std::memcpy));
    add("memmove", static_cast<void* (*)(void*, const void*, std::size_t)>(std::memmove));
    add("memset", static_cast<void* (*)(void*, int, std::size_t)>(std::memset));
    add("fmaf", static_cast<float (*)(float, float, float)>(::fmaf));
    add("floorf", static_cast<float (*)(float)>(::floorf));
    check(library.define(absoluteSymbols(std::move(symbols))), "cannot bind symbols");
  }

  ~Implementation() {
    if (auto error = session.endSession()) llvm::consumeError(std::move(error));
  }
};

Linker::Linker() : implementation_(std::make_unique<Implementation>()) {}
Linker::~Linker() = default;

qiln_kernel Linker::link(std::unique_ptr<llvm::MemoryBuffer> object, const std::string& symbol) {
  auto& [session, layer, library] = *implementation_;
  constexpr const char* what = "cannot link a kernel";
  check(layer.add(library, std::move(object)), what);
  return unwrap(session.lookup({&library}, session.intern(symbol)), what).getAddress().toPtr<qiln_kernel>();
}

}  // namespace qiln::jit
