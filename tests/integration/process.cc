#include "tests/integration/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "gtest/gtest.h"

namespace sse_bridge::testing {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kProcessPoll = std::chrono::milliseconds(5);

}  // namespace

Process::Process(std::vector<std::string> argv) {
  std::vector<char*> args;
  for (std::string& arg : argv) args.push_back(arg.data());
  args.push_back(nullptr);
  const std::string out = directory_.path() + "/out",
                    err = directory_.path() + "/err";
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    const int out_fd = open(out.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    const int err_fd = open(err.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    const int in_fd = open("/dev/null", O_RDONLY);
    dup2(in_fd, 0);
    dup2(out_fd, 1);
    dup2(err_fd, 2);
    execvp(args[0], args.data());
    _exit(127);
  }
  EXPECT_GT(pid_, 0);
}

Process::~Process() {
  if (pid_ > 0 && !reaped_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (::testing::Test::HasFailure()) {
    const std::string log = Stderr();
    if (!log.empty())
      fprintf(stderr, "--- stderr of %d\n%s\n", pid_, log.c_str());
  }
}

std::string Process::WaitForLine(const std::string& prefix) {
  const auto deadline = Clock::now() + std::chrono::seconds(20);
  for (;;) {
    const bool alive = running();
    std::istringstream lines(Stdout());
    std::string line;
    while (std::getline(lines, line) && !lines.eof()) {
      if (line.rfind(prefix, 0) == 0) return line.substr(prefix.size());
    }
    if (!alive || Clock::now() > deadline) {
      ADD_FAILURE() << "no line '" << prefix << "'; stderr: " << Stderr();
      return "";
    }
    std::this_thread::sleep_for(kProcessPoll);
  }
}

void Process::Signal(int signal) {
  if (!reaped_) kill(pid_, signal);
}

int Process::Wait(int seconds) {
  const auto deadline = Clock::now() + std::chrono::seconds(seconds);
  while (running()) {
    if (Clock::now() > deadline) return -1;
    std::this_thread::sleep_for(kProcessPoll);
  }
  return exit_code_;
}

bool Process::running() {
  if (reaped_) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  reaped_ = true;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

std::string Process::Stdout() const {
  return ReadFile(directory_.path() + "/out");
}
std::string Process::Stderr() const {
  return ReadFile(directory_.path() + "/err");
}

int Process::threads() const {
  int count = 0;
  std::error_code ignored;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(
           "/proc/" + std::to_string(pid_) + "/task", ignored)) {
    ++count;
  }
  return count;
}

void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace sse_bridge::testing
