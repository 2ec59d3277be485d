#ifndef SSE_BRIDGE_TESTS_INTEGRATION_PROCESS_H_
#define SSE_BRIDGE_TESTS_INTEGRATION_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/support/temporary_directory.h"

namespace sse_bridge::testing {

// A program under test, started with its output in files below a directory of
// its own. Killed and reaped by the destructor if it still runs.
class Process {
 public:
  // argv[0] is the program's path. Fatal (test failure) when it cannot start.
  explicit Process(std::vector<std::string> argv);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // The first line on stdout that begins with `prefix`, without the prefix.
  // Empty when the program ends or 20 s pass before it appears.
  std::string WaitForLine(const std::string& prefix);

  void Signal(int signal);

  // Waits for the end; the exit code, or 128 + signal. -1 after `seconds`.
  int Wait(int seconds = 20);

  bool running();
  pid_t pid() const { return pid_; }
  std::string Stdout() const;
  std::string Stderr() const;

  // Threads that the program has now (/proc).
  int threads() const;

 private:
  pid_t pid_ = -1;
  bool reaped_ = false;
  int exit_code_ = -1;
  TemporaryDirectory directory_;
};

void WriteFile(const std::string& path, const std::string& content);
std::string ReadFile(const std::string& path);

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_INTEGRATION_PROCESS_H_
