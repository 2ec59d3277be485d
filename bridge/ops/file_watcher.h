#ifndef SSE_BRIDGE_BRIDGE_OPS_FILE_WATCHER_H_
#define SSE_BRIDGE_BRIDGE_OPS_FILE_WATCHER_H_

#include <sys/stat.h>

#include <condition_variable>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Tells when files change, also by being replaced or through a symbolic link
// that is turned (as Kubernetes mounts secrets). Looks a few times a second,
// which works on every file system. Write a new file and rename it over the old
// one: a file that is seen half written is read twice.
//
// Watch before Start; the rest from any thread.
class FileWatcher {
 public:
  explicit FileWatcher(absl::Duration interval = absl::Milliseconds(250))
      : interval_(interval) {}
  ~FileWatcher() { Stop(); }
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  // `changed` is called on the watcher's thread, once for any number of the
  // files that changed together. Files that are not there count as unchanged.
  void Watch(std::vector<std::string> files, std::function<void()> changed);

  void Start();
  void Stop();

  // Has every file read again, changed or not (SIGHUP).
  void ReadAll();

 private:
  struct Group {
    std::vector<std::string> files;
    std::vector<struct stat> seen;
    std::function<void()> changed;
  };

  void Run();
  static bool Changed(Group* group);

  const absl::Duration interval_;
  std::vector<Group> groups_;  // of the thread, once it runs
  std::thread thread_;

  Mutex mu_;
  std::condition_variable_any wake_;
  bool read_all_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPS_FILE_WATCHER_H_
