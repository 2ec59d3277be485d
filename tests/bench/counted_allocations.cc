#include "tests/bench/counted_allocations.h"

#include <cstdlib>
#include <new>

#include "absl/base/attributes.h"

namespace {

thread_local int64_t allocations = 0;

}  // namespace

// Not inlined: GCC would see free() called on what operator new returned.
ABSL_ATTRIBUTE_NOINLINE void* operator new(size_t size) {
  ++allocations;
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
ABSL_ATTRIBUTE_NOINLINE void operator delete(void* memory) noexcept {
  std::free(memory);
}
ABSL_ATTRIBUTE_NOINLINE void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}

namespace sse_bridge {

int64_t Allocations() { return allocations; }

}  // namespace sse_bridge
