#include "bridge/access/visible_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace sse_bridge {
namespace {

struct Range {
  uint32_t first;
  uint32_t last;
};

// In ascending order (Unicode 15: Cc, Cf, Zl, Zp, Zs except the blank,
// Default_Ignorable_Code_Point).
constexpr Range kInvisible[] = {
    {0x00, 0x1f},       {0x7f, 0xa0},       {0xad, 0xad},
    {0x34f, 0x34f},     {0x600, 0x605},     {0x61c, 0x61c},
    {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},
    {0x8e2, 0x8e2},     {0x115f, 0x1160},   {0x1680, 0x1680},
    {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x2000, 0x200f},
    {0x2028, 0x202f},   {0x205f, 0x206f},   {0x2800, 0x2800},
    {0x3000, 0x3000},   {0x3164, 0x3164},   {0xfe00, 0xfe0f},
    {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffd},
    {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f},
    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

bool IsInvisible(uint32_t c) {
  const auto* range =
      std::lower_bound(std::begin(kInvisible), std::end(kInvisible), c,
                       [](const Range& r, uint32_t v) { return r.last < v; });
  return range != std::end(kInvisible) && c >= range->first;
}

// Consumes one character (RFC 3629); returns false for invalid bytes.
bool TakeCharacter(absl::string_view* text, uint32_t* c) {
  const auto byte = [&](size_t i) {
    return static_cast<unsigned char>((*text)[i]);
  };
  const unsigned char lead = byte(0);
  size_t size = 1;
  uint32_t least = 0;
  *c = lead;
  if (lead >= 0xf0 && lead < 0xf8) {
    size = 4;
    least = 0x10000;
    *c = lead & 0x07;
  } else if (lead >= 0xe0 && lead < 0xf0) {
    size = 3;
    least = 0x800;
    *c = lead & 0x0f;
  } else if (lead >= 0xc0 && lead < 0xe0) {
    size = 2;
    least = 0x80;
    *c = lead & 0x1f;
  } else if (lead >= 0x80) {
    return false;
  }
  if (text->size() < size) return false;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return false;
    *c = *c << 6 | (byte(i) & 0x3f);
  }
  text->remove_prefix(size);
  return *c >= least && *c <= 0x10ffff && (*c < 0xd800 || *c > 0xdfff);
}

}  // namespace

bool IsVisible(absl::string_view text) {
  while (!text.empty()) {
    uint32_t c;
    if (!TakeCharacter(&text, &c) || IsInvisible(c)) return false;
  }
  return true;
}

bool IsVisibleName(absl::string_view text) {
  return !text.empty() && text.front() != ' ' && text.back() != ' ' &&
         IsVisible(text);
}

}  // namespace sse_bridge
