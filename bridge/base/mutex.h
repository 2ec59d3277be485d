#ifndef SSE_BRIDGE_BRIDGE_BASE_MUTEX_H_
#define SSE_BRIDGE_BRIDGE_BASE_MUTEX_H_

#include <mutex>

#include "absl/base/thread_annotations.h"

namespace sse_bridge {

// std::mutex with the annotations that clang's -Wthread-safety reads.
//
// absl::Mutex is not used because Debian's libabsl is not built for
// ThreadSanitizer, which cannot see its locks and reports false races.
class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mu_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mu_.unlock(); }

  // For std::condition_variable_any.
  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mu_.lock(); }
  void unlock() ABSL_UNLOCK_FUNCTION() { mu_.unlock(); }

 private:
  std::mutex mu_;
};

// Holds a Mutex for the duration of a scope.
class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mu) ABSL_EXCLUSIVE_LOCK_FUNCTION(mu) : mu_(mu) {
    mu_->Lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mu_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mu_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_MUTEX_H_
