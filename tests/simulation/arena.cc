#include "tests/simulation/arena.h"

#include <sys/mman.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

// Not used by anything else, whatever the layout of the process.
constexpr uintptr_t kBegin = 0x300000000000;
constexpr size_t kBytes = size_t{64} << 30;  // reserved, not used

constexpr int kClasses = 40;
struct Free {
  Free* next;
};

bool g_on = false;
uintptr_t g_next = kBegin;
Free* g_free[kClasses];

// Blocks have sizes of powers of two. The class stands in front of the block.
void* Allocate(size_t size) {
  const int size_class = std::bit_width((size < 16 ? 16 : size) - 1);
  if (Free* const block = g_free[size_class]) {
    g_free[size_class] = block->next;
    return block;
  }
  const size_t bytes = 16 + (size_t{1} << size_class);
  if (g_next + bytes > kBegin + kBytes) abort();
  auto* const header = reinterpret_cast<int*>(g_next);
  g_next += bytes;
  *header = size_class;
  return header + 4;
}

void Release(void* block) {
  const auto address = reinterpret_cast<uintptr_t>(block);
  if (address < kBegin || address >= kBegin + kBytes) return free(block);
  const int size_class = *(static_cast<int*>(block) - 4);
  auto* const freed = static_cast<Free*>(block);
  freed->next = g_free[size_class];
  g_free[size_class] = freed;
}

}  // namespace

void* operator new(size_t size) {
  if (g_on) return Allocate(size);
  if (void* const block = malloc(size == 0 ? 1 : size)) return block;
  abort();
}
void operator delete(void* block) noexcept { Release(block); }
void operator delete(void* block, size_t) noexcept { Release(block); }

namespace sse_bridge {

void UseArena() {
  if (mmap(reinterpret_cast<void*>(kBegin), kBytes, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
           -1, 0) == MAP_FAILED) {
    abort();
  }
  g_on = true;
}

}  // namespace sse_bridge

#else

namespace sse_bridge {

void UseArena() {}

}  // namespace sse_bridge

#endif
