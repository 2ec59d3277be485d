#include "bridge/net/tls_memory.h"

#include <openssl/crypto.h>
#include <string.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

constexpr size_t kRecordBytes = 17 * 1024;

// One test, since it must begin before anything uses OpenSSL.
TEST(TlsMemoryTest, BuffersOfRecordsAreKeptApartAndReused) {
  ASSERT_TRUE(UseOwnMemoryForTlsRecords());
  EXPECT_FALSE(UseOwnMemoryForTlsRecords());

  void* small = OPENSSL_malloc(100);
  EXPECT_EQ(TlsRecordMemoryInUse().used, 0u);
  OPENSSL_free(small);

  void* first = OPENSSL_malloc(kRecordBytes);
  EXPECT_EQ(TlsRecordMemoryInUse().used, 1u);
  OPENSSL_free(first);
  EXPECT_EQ(TlsRecordMemoryInUse().used, 0u);
  EXPECT_EQ(OPENSSL_malloc(kRecordBytes), first);

  // What grows or shrinks out of a block keeps its contents.
  const std::string text(kRecordBytes, 't');
  for (const size_t size : {size_t{64} << 10, size_t{200}}) {
    char* block = static_cast<char*>(OPENSSL_malloc(kRecordBytes));
    memcpy(block, text.data(), text.size());
    block = static_cast<char*>(OPENSSL_realloc(block, size));
    EXPECT_EQ(memcmp(block, text.data(), std::min(size, text.size())), 0);
    EXPECT_EQ(TlsRecordMemoryInUse().used, 1u);
    OPENSSL_free(block);
  }
  OPENSSL_free(first);

  std::vector<void*> many;
  many.reserve(1000);
  for (int i = 0; i < 1000; ++i) {
    many.push_back(OPENSSL_malloc(kRecordBytes));
    memset(many.back(), 'x', kRecordBytes);
  }
  EXPECT_EQ(TlsRecordMemoryInUse().used, 1000u);
  for (void* each : many) OPENSSL_free(each);
  EXPECT_EQ(TlsRecordMemoryInUse().used, 0u);
  EXPECT_EQ(TlsRecordMemoryInUse().kept, 64u);
}

}  // namespace
}  // namespace sse_bridge
