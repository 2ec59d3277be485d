// Runs the bridge in a simulated world, one run for each seed. See README.md.

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/simulation/arena.h"
#include "tests/simulation/plan.h"
#include "tests/simulation/world.h"

namespace sse_bridge {
namespace {

constexpr char kUsage[] =
    R"(usage: simulation [--seeds N] [--seconds S] [--first SEED] [--jobs J]
                  [--failures F]
       simulation --seed SEED [--skip I,J,...] [--quiet]
       simulation --seed SEED --minimise
       simulation --same [--first SEED] [--seeds N]

  --seeds N     runs N seeds (1000)
  --seconds S   stops after S seconds
  --first SEED  begins with this seed; `today`: with one that the date decides
  --jobs J      runs J seeds at a time (1)
  --failures F  stops after F failures (5)
  --seed SEED   runs one seed and prints its trace
  --skip I,...  leaves out the actions with these indices
  --quiet       prints only the result
  --minimise    finds the actions that a failing seed needs
  --same        runs each seed twice and compares the traces
)";

// A run that takes longer hangs.
constexpr unsigned kMaxSeconds = 60;

struct Result {
  bool failed = false;
  std::string rule;  // the name of the broken rule
  std::string text;
};

// Runs in this process.
Result RunHere(const Fixtures& fixtures, uint64_t seed,
               const std::set<size_t>& skip, bool prints) {
  Plan plan = Plan::FromSeed(seed);
  if (prints) {
    for (size_t i = 0; i < plan.actions.size(); ++i) {
      std::printf("action %zu at %lld ms: %s%s\n", i,
                  static_cast<long long>(plan.actions[i].at_ms),
                  plan.actions[i].ToString().c_str(),
                  skip.contains(i) ? " (left out)" : "");
    }
  }
  plan.Skip(skip);
  Result result;
  auto* const world = new World(fixtures, plan, seed, prints);
  world->Run();
  result.failed = world->trace().failed();
  result.rule = world->trace().failed_rule();
  result.text = result.failed ? world->trace().failure()
                              : absl::StrCat("trace ", world->trace().hash());
  // A world that has failed may wait for what does not come.
  if (!result.failed) delete world;
  return result;
}

// A run in a process of its own: it begins with the same memory as all others,
// and may crash.
class Child {
 public:
  Child(const Fixtures& fixtures, uint64_t seed, const std::set<size_t>& skip,
        bool prints)
      : seed_(seed) {
    int ends[2];
    if (pipe(ends) != 0) abort();
    fflush(stdout);
    pid_ = fork();
    if (pid_ < 0) abort();
    if (pid_ == 0) {
      close(ends[0]);
      alarm(kMaxSeconds);
      UseArena();
      const Result result = RunHere(fixtures, seed, skip, prints);
      const std::string text = absl::StrCat(result.failed ? "F" : "P",
                                            result.rule, "\n", result.text);
      if (write(ends[1], text.data(), text.size()) < 0) _exit(3);
      fflush(stdout);
      _exit(0);
    }
    close(ends[1]);
    fd_ = ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  uint64_t seed() const { return seed_; }
  int fd() const { return fd_; }

  Result Wait() {
    std::string text;
    char buffer[4096];
    for (ssize_t n; (n = read(fd_, buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<size_t>(n));
    }
    close(fd_);
    int status = 0;
    waitpid(pid_, &status, 0);
    Result result;
    if (text.empty() || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      result.failed = true;
      result.rule = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM
                        ? "Progress"
                        : "Crash";
      result.text = absl::StrCat(result.rule, ": status ", status);
      return result;
    }
    const std::vector<std::string> parts =
        absl::StrSplit(text.substr(1), absl::MaxSplits('\n', 1));
    result.failed = text[0] == 'F';
    result.rule = parts[0];
    result.text = parts[1];
    return result;
  }

 private:
  const uint64_t seed_;
  pid_t pid_;
  int fd_;
};

Result RunOne(const Fixtures& fixtures, uint64_t seed,
              const std::set<size_t>& skip, bool prints) {
  return Child(fixtures, seed, skip, prints).Wait();
}

// Leaves out ever smaller groups of actions, as long as the same rule breaks.
int Minimise(const Fixtures& fixtures, uint64_t seed) {
  const Result first = RunOne(fixtures, seed, {}, false);
  if (!first.failed) {
    std::printf("seed %llu passes\n", static_cast<unsigned long long>(seed));
    return 1;
  }
  const size_t count = Plan::FromSeed(seed).actions.size();
  std::set<size_t> skip;
  for (size_t group = count; group > 0; group /= 2) {
    for (size_t begin = 0; begin < count; begin += group) {
      std::set<size_t> more = skip;
      for (size_t i = begin; i < begin + group && i < count; ++i) {
        more.insert(i);
      }
      if (more.size() == skip.size()) continue;
      const Result result = RunOne(fixtures, seed, more, false);
      if (result.failed && result.rule == first.rule) skip = more;
    }
  }
  std::printf(
      "%zu of %zu actions are needed; see them with\n"
      "  simulation --seed %llu --skip %s\n",
      count - skip.size(), count, static_cast<unsigned long long>(seed),
      absl::StrJoin(skip, ",").c_str());
  return 0;
}

uint64_t SeedOfToday() {
  const time_t now = time(nullptr);
  tm date{};
  gmtime_r(&now, &date);
  return static_cast<uint64_t>(((date.tm_year + 1900) * 100 + date.tm_mon + 1) *
                                   100 +
                               date.tm_mday) *
         1'000'000;
}

int RunMany(const Fixtures& fixtures, uint64_t first, uint64_t count,
            double seconds, size_t jobs, uint64_t max_failures) {
  timespec begin{};
  clock_gettime(CLOCK_MONOTONIC, &begin);
  const auto passed = [&begin] {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec - begin.tv_sec) +
           static_cast<double>(now.tv_nsec - begin.tv_nsec) / 1e9;
  };
  std::vector<std::unique_ptr<Child>> running;
  uint64_t next = first, done = 0, failures = 0;
  std::printf("seeds from %llu\n", static_cast<unsigned long long>(first));
  for (;;) {
    while (running.size() < jobs && next - first < count &&
           failures < max_failures && (seconds <= 0 || passed() < seconds)) {
      running.push_back(
          std::make_unique<Child>(fixtures, next++, std::set<size_t>(), false));
    }
    if (running.empty()) break;
    std::vector<pollfd> waits;
    for (const auto& child : running) waits.push_back({child->fd(), POLLIN, 0});
    poll(waits.data(), waits.size(), -1);
    for (size_t i = waits.size(); i-- > 0;) {
      if (waits[i].revents == 0) continue;
      const Result result = running[i]->Wait();
      ++done;
      if (result.failed) {
        ++failures;
        std::printf("seed %llu FAILED: %s\n",
                    static_cast<unsigned long long>(running[i]->seed()),
                    result.text.c_str());
        fflush(stdout);
      }
      running.erase(running.begin() + static_cast<ptrdiff_t>(i));
    }
  }
  std::printf("%llu seeds from %llu to %llu in %.1f s: %llu failed\n",
              static_cast<unsigned long long>(done),
              static_cast<unsigned long long>(first),
              static_cast<unsigned long long>(next - 1), passed(),
              static_cast<unsigned long long>(failures));
  return failures == 0 && done > 0 ? 0 : 1;
}

int Main(int argc, char** argv) {
  // First of all, so that it is always in the same place.
  const Fixtures fixtures = Fixtures::Make();
  uint64_t seed = 0, first = 1, count = 1000;
  bool one = false, quiet = false, minimise = false, same = false;
  double seconds = 0;
  size_t jobs = 1;
  uint64_t failures = 5;
  std::set<size_t> skip;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--quiet") {
      quiet = true;
    } else if (flag == "--minimise") {
      minimise = true;
    } else if (flag == "--same") {
      same = true;
    } else {
      const std::string value = i + 1 < argc ? argv[++i] : "";
      bool good = !value.empty();
      if (flag == "--seed") {
        one = true;
        good = absl::SimpleAtoi(value, &seed);
      } else if (flag == "--first") {
        if (value == "today") {
          first = SeedOfToday();
        } else {
          good = absl::SimpleAtoi(value, &first);
        }
      } else if (flag == "--seeds") {
        good = absl::SimpleAtoi(value, &count);
      } else if (flag == "--seconds") {
        good = absl::SimpleAtod(value, &seconds);
      } else if (flag == "--jobs") {
        good = absl::SimpleAtoi(value, &jobs) && jobs > 0;
      } else if (flag == "--failures") {
        good = absl::SimpleAtoi(value, &failures) && failures > 0;
      } else if (flag == "--skip") {
        for (const auto part : absl::StrSplit(value, ',')) {
          size_t index = 0;
          good = good && absl::SimpleAtoi(part, &index);
          skip.insert(index);
        }
      } else {
        good = false;
      }
      if (!good) {
        std::fputs(kUsage, stderr);
        return 2;
      }
    }
  }
  // What the bridge logs is not what is tested.
  spdlog::set_level(one && !quiet ? spdlog::level::warn : spdlog::level::off);
  if (one && minimise) return Minimise(fixtures, seed);
  if (same) {
    bool all = true;
    for (uint64_t i = first; i < first + count; ++i) {
      const Result once = RunOne(fixtures, i, skip, false);
      const Result again = RunOne(fixtures, i, skip, false);
      std::printf("%s\n%s\n", once.text.c_str(), again.text.c_str());
      all = all && once.text == again.text;
    }
    return all ? 0 : 1;
  }
  if (!one) return RunMany(fixtures, first, count, seconds, jobs, failures);
  const Result result = RunOne(fixtures, seed, skip, !quiet);
  std::printf("seed %llu %s: %s\n", static_cast<unsigned long long>(seed),
              result.failed ? "FAILED" : "passes", result.text.c_str());
  return result.failed ? 1 : 0;
}

}  // namespace
}  // namespace sse_bridge

int main(int argc, char** argv) {
  // Addresses decide the order of hash tables, so they must not be random, or
  // a seed would not decide everything.
  const int current = personality(0xffffffff);
  if (current != -1 && (current & ADDR_NO_RANDOMIZE) == 0 &&
      getenv("SSE_SIMULATION_STARTED") == nullptr &&
      personality(static_cast<unsigned long>(current) | ADDR_NO_RANDOMIZE) !=
          -1) {
    setenv("SSE_SIMULATION_STARTED", "1", 1);
    execv("/proc/self/exe", argv);
  }
  return sse_bridge::Main(argc, argv);
}
