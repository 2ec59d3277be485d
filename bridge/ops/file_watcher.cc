#include "bridge/ops/file_watcher.h"

#include <chrono>
#include <utility>

namespace sse_bridge {

void FileWatcher::Watch(std::vector<std::string> files,
                        std::function<void()> changed) {
  Group group;
  group.files = std::move(files);
  group.changed = std::move(changed);
  group.seen.resize(group.files.size());
  Changed(&group);
  groups_.push_back(std::move(group));
}

void FileWatcher::Start() {
  if (groups_.empty()) return;
  thread_ = std::thread([this] { Run(); });
}

void FileWatcher::Stop() {
  {
    MutexLock lock(&mu_);
    stopped_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void FileWatcher::ReadAll() {
  MutexLock lock(&mu_);
  read_all_ = true;
  wake_.notify_all();
}

void FileWatcher::Run() {
  for (;;) {
    bool all;
    {
      MutexLock lock(&mu_);
      if (!stopped_ && !read_all_) {
        wake_.wait_for(mu_, absl::ToChronoNanoseconds(interval_));
      }
      if (stopped_) return;
      all = std::exchange(read_all_, false);
    }
    for (Group& group : groups_) {
      if (Changed(&group) || all) group.changed();
    }
  }
}

bool FileWatcher::Changed(Group* group) {
  bool changed = false;
  for (size_t i = 0; i < group->files.size(); ++i) {
    struct stat now = {};
    if (stat(group->files[i].c_str(), &now) != 0) continue;
    struct stat& seen = group->seen[i];
    changed |= now.st_ino != seen.st_ino || now.st_dev != seen.st_dev ||
               now.st_size != seen.st_size ||
               now.st_mtim.tv_sec != seen.st_mtim.tv_sec ||
               now.st_mtim.tv_nsec != seen.st_mtim.tv_nsec;
    seen = now;
  }
  return changed;
}

}  // namespace sse_bridge
