#include "tests/simulation/codes.h"

#include <initializer_list>

namespace sse_bridge {

int HttpStatusOf(int code) {
  constexpr int kStatuses[] = {200, 499, 500, 400, 504, 404, 409, 403, 429,
                               400, 409, 400, 501, 500, 503, 500, 401};
  return kStatuses[code];
}

bool IsForGood(int code) {
  for (const int each : {0, 3, 5, 6, 7, 9, 11, 12}) {
    if (code == each) return true;
  }
  return false;
}

}  // namespace sse_bridge
