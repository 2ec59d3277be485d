#include "bridge/net/tls_memory.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {
namespace {

// A record of 16 KiB with what OpenSSL puts around it fits into a block; what
// is smaller than the least is no buffer of records.
constexpr size_t kLeastBytes = size_t{4} << 10;
constexpr size_t kBlockBytes = size_t{20} << 10;

// Address space for as many handshakes as a process may have at once. Beyond
// that, malloc serves.
constexpr size_t kBlocks = size_t{1} << 15;

// The pages of more blocks than these are returned when they become free.
constexpr size_t kKeptBlocks = 64;

class RecordMemory {
 public:
  // Returns null if there is no address space.
  static RecordMemory* Create() {
    void* const begin =
        mmap(nullptr, kBlocks * kBlockBytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return begin == MAP_FAILED ? nullptr
                               : new RecordMemory(static_cast<char*>(begin));
  }

  bool Owns(const void* block) const {
    const auto at = reinterpret_cast<uintptr_t>(block);
    const auto begin = reinterpret_cast<uintptr_t>(begin_);
    return at >= begin && at < begin + kBlocks * kBlockBytes;
  }

  // Returns null if none is left.
  void* Take() ABSL_LOCKS_EXCLUDED(mu_) {
    MutexLock lock(&mu_);
    // Those with pages first.
    for (auto* free : {&kept_, &empty_}) {
      if (free->empty()) continue;
      void* const block = free->back();
      free->pop_back();
      ++used_;
      return block;
    }
    if (touched_ == kBlocks) return nullptr;
    ++used_;
    return begin_ + touched_++ * kBlockBytes;
  }

  void Return(void* block) ABSL_LOCKS_EXCLUDED(mu_) {
    {
      MutexLock lock(&mu_);
      --used_;
      if (kept_.size() < kKeptBlocks) {
        kept_.push_back(block);
        return;
      }
    }
    madvise(block, kBlockBytes, MADV_DONTNEED);
    MutexLock lock(&mu_);
    empty_.push_back(block);
  }

  TlsRecordMemory InUse() const ABSL_LOCKS_EXCLUDED(mu_) {
    MutexLock lock(&mu_);
    return {used_, kept_.size()};
  }

 private:
  explicit RecordMemory(char* begin) : begin_(begin) {}

  char* const begin_;
  mutable Mutex mu_;
  size_t touched_ ABSL_GUARDED_BY(mu_) = 0;  // blocks that were ever used
  size_t used_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<void*> kept_ ABSL_GUARDED_BY(mu_);   // free, with pages
  std::vector<void*> empty_ ABSL_GUARDED_BY(mu_);  // free, without
};

RecordMemory* memory = nullptr;  // set before there are threads

bool IsRecordSize(size_t size) {
  return size >= kLeastBytes && size <= kBlockBytes;
}

void* Allocate(size_t size, const char*, int) {
  if (IsRecordSize(size)) {
    if (void* block = memory->Take()) return block;
  }
  return malloc(size);
}

void Free(void* block, const char*, int) {
  if (memory->Owns(block)) {
    memory->Return(block);
  } else {
    free(block);
  }
}

void* Reallocate(void* block, size_t size, const char* file, int line) {
  if (!memory->Owns(block)) return realloc(block, size);
  if (size == 0) {
    Free(block, file, line);
    return nullptr;
  }
  if (size <= kBlockBytes && IsRecordSize(size)) return block;
  void* const moved = malloc(size);
  if (moved == nullptr) return nullptr;
  memcpy(moved, block, size < kBlockBytes ? size : kBlockBytes);
  Free(block, file, line);
  return moved;
}

}  // namespace

bool UseOwnMemoryForTlsRecords() {
  if (memory != nullptr) return false;
  RecordMemory* const created = RecordMemory::Create();
  if (created == nullptr) return false;
  memory = created;
  return CRYPTO_set_mem_functions(Allocate, Reallocate, Free) == 1;
}

TlsRecordMemory TlsRecordMemoryInUse() {
  return memory == nullptr ? TlsRecordMemory() : memory->InUse();
}

}  // namespace sse_bridge
