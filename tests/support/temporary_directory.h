#ifndef SSE_BRIDGE_TESTS_SUPPORT_TEMPORARY_DIRECTORY_H_
#define SSE_BRIDGE_TESTS_SUPPORT_TEMPORARY_DIRECTORY_H_

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace sse_bridge::testing {

// A directory that is removed with its files at the end of the scope.
class TemporaryDirectory {
 public:
  TemporaryDirectory()
      : path_(
            (std::filesystem::temp_directory_path() / "sse-bridge-test-XXXXXX")
                .string()) {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_SUPPORT_TEMPORARY_DIRECTORY_H_
