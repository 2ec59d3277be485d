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

// Detects changes of files, including replaced files and symbolic links that
// point to another file (as in Kubernetes secrets). It polls a few times per
// second, which works on every file system. Writers should write a new file and
// rename it over the old one; a file that is seen half written is read twice.
//
// Watch must be called before Start. The other methods are thread-safe.
class FileWatcher {
 public:
  explicit FileWatcher(absl::Duration interval = absl::Milliseconds(250))
      : interval_(interval) {}
  ~FileWatcher() { Stop(); }
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  // Calls `changed` on the watcher's thread, once if several of the files
  // change together. A missing file counts as unchanged.
  void Watch(std::vector<std::string> files, std::function<void()> changed);

  void Start();
  void Stop();

  // Calls every `changed` function, whether files have changed or not (SIGHUP).
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
  std::vector<Group> groups_;  // used only by the thread once it runs
  std::thread thread_;

  Mutex mu_;
  std::condition_variable_any wake_;
  bool read_all_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPS_FILE_WATCHER_H_
