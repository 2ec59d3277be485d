// Preloaded into a program, makes each fsync and fdatasync take SLOW_DISK_MS longer
// while the file SLOW_DISK_WHILE exists: a disk that is overloaded or fails.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void delay(void) {
  const char *file = getenv("SLOW_DISK_WHILE");
  const char *text = getenv("SLOW_DISK_MS");
  if (file == NULL || text == NULL || access(file, F_OK) != 0) return;
  const long ms = atol(text);
  struct timespec left = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&left, &left) != 0) {
  }
}

int fsync(int fd) {
  delay();
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}

int fdatasync(int fd) {
  delay();
  return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
