#include "bridge/access/ticket_box.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bridge/access/base64url.h"
#include "bridge/base/openssl_ptr.h"

namespace sse_bridge {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;

// Separates tickets from other uses of the secret, and ticket formats from each
// other.
constexpr absl::string_view kPurpose = "sse-bridge ticket 2";

constexpr absl::string_view kBindingPurpose = "sse-bridge ticket binding 1";

absl::Status Refused() { return absl::UnauthenticatedError("invalid ticket"); }

using CipherCtxPtr =
    std::unique_ptr<EVP_CIPHER_CTX, OpenSslFree<EVP_CIPHER_CTX_free>>;

unsigned char* Bytes(std::string* text) {
  return reinterpret_cast<unsigned char*>(text->data());
}

// Encrypts or decrypts a copy of `text`; returns nullopt if decryption fails.
std::optional<std::string> Crypt(bool seal, absl::string_view key,
                                 absl::string_view nonce,
                                 absl::string_view text, std::string* tag) {
  OpenSslErrorScope errors;
  CipherCtxPtr context(EVP_CIPHER_CTX_new());
  std::string out(text.size(), '\0');
  int size = 0;
  if (context == nullptr ||
      EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr,
                        OpenSslBytes(key), OpenSslBytes(nonce),
                        seal ? 1 : 0) != 1 ||
      EVP_CipherUpdate(context.get(), nullptr, &size, OpenSslBytes(kPurpose),
                       static_cast<int>(kPurpose.size())) != 1 ||
      EVP_CipherUpdate(context.get(), Bytes(&out), &size, OpenSslBytes(text),
                       static_cast<int>(text.size())) != 1) {
    return std::nullopt;
  }
  if (!seal &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG,
                          static_cast<int>(kTagBytes), tag->data()) != 1) {
    return std::nullopt;
  }
  unsigned char none[16];
  if (EVP_CipherFinal_ex(context.get(), none, &size) != 1) return std::nullopt;
  if (seal) {
    tag->resize(kTagBytes);
    if (EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG,
                            static_cast<int>(kTagBytes), tag->data()) != 1) {
      return std::nullopt;
    }
  }
  return out;
}

// HMAC-SHA256.
std::string Mac(absl::string_view key, absl::string_view text) {
  std::string mac(kKeyBytes, '\0');
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           OpenSslBytes(text), text.size(), Bytes(&mac), &size) == nullptr ||
      size != mac.size()) {
    // Fails only when out of memory; everybody would know an empty MAC.
    std::abort();
  }
  return mac;
}

// The plaintext: numbers of 8 bytes, and length-prefixed strings.
void PutNumber(int64_t number, std::string* out) {
  for (int shift = 0; shift < 64; shift += 8) {
    out->push_back(static_cast<char>(static_cast<uint64_t>(number) >> shift));
  }
}
void PutText(const std::string& text, std::string* out) {
  PutNumber(static_cast<int64_t>(text.size()), out);
  out->append(text);
}
void PutTexts(const std::vector<std::string>& texts, std::string* out) {
  PutNumber(static_cast<int64_t>(texts.size()), out);
  for (const std::string& text : texts) PutText(text, out);
}

bool TakeNumber(absl::string_view* in, int64_t* number) {
  if (in->size() < 8) return false;
  uint64_t bits = 0;
  for (size_t i = 0; i < 8; ++i) {
    bits |= uint64_t{static_cast<unsigned char>((*in)[i])} << (8 * i);
  }
  in->remove_prefix(8);
  *number = static_cast<int64_t>(bits);
  return true;
}
bool TakeText(absl::string_view* in, std::string* text) {
  int64_t size = 0;
  if (!TakeNumber(in, &size) || size < 0 ||
      static_cast<uint64_t>(size) > in->size()) {
    return false;
  }
  *text = std::string(in->substr(0, static_cast<size_t>(size)));
  in->remove_prefix(static_cast<size_t>(size));
  return true;
}
bool TakeTexts(absl::string_view* in, std::vector<std::string>* texts) {
  int64_t count = 0;
  if (!TakeNumber(in, &count)) return false;
  for (; count > 0; --count) {
    if (!TakeText(in, &texts->emplace_back())) return false;
  }
  return true;
}

using Claims = std::vector<std::pair<std::string, std::string>>;
void PutClaims(const Claims& claims, std::string* out) {
  PutNumber(static_cast<int64_t>(claims.size()), out);
  for (const auto& [name, value] : claims) {
    PutText(name, out);
    PutText(value, out);
  }
}
bool TakeClaims(absl::string_view* in, Claims* claims) {
  int64_t count = 0;
  if (!TakeNumber(in, &count)) return false;
  for (; count > 0; --count) {
    auto& [name, value] = claims->emplace_back();
    if (!TakeText(in, &name) || !TakeText(in, &value)) return false;
  }
  return true;
}

// Represents an infinite time.
int64_t ToNumber(absl::Time time) {
  return time == absl::InfiniteFuture() ? INT64_MAX : absl::ToUnixNanos(time);
}
absl::Time ToTime(int64_t number) {
  return number == INT64_MAX ? absl::InfiniteFuture()
                             : absl::FromUnixNanos(number);
}

}  // namespace

absl::StatusOr<std::unique_ptr<TicketBox>> TicketBox::Create(
    absl::string_view secret, Options options) {
  std::string key(kKeyBytes, '\0');
  unsigned int size = 0;
  if (secret.empty()) {
    if (RAND_bytes(Bytes(&key), static_cast<int>(key.size())) != 1) {
      return absl::InternalError(
          "cannot create the ticket key: no random bytes");
    }
  } else if (secret.size() < kMinSecretBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("shorter than ", kMinSecretBytes, " bytes"));
  } else if (EVP_Digest(secret.data(), secret.size(), Bytes(&key), &size,
                        EVP_sha256(), nullptr) != 1) {
    return absl::InternalError("cannot derive the ticket key");
  }
  std::string binding_key = Mac(key, kBindingPurpose);
  return std::unique_ptr<TicketBox>(
      new TicketBox(std::move(key), std::move(binding_key), options));
}

absl::StatusOr<std::string> TicketBox::Issue(const Identity& identity,
                                             absl::Time now,
                                             absl::Duration* retry_after) {
  const absl::Time end = std::min(now + options_.lifetime, identity.expires);
  std::string text;
  PutNumber(ToNumber(end), &text);
  PutNumber(ToNumber(identity.expires), &text);
  PutText(identity.subject, &text);
  PutText(identity.token_id, &text);
  PutTexts(identity.scopes, &text);
  PutTexts(identity.roles, &text);
  PutClaims(identity.claims, &text);

  std::string nonce(kNonceBytes, '\0');
  std::string tag;
  if (RAND_bytes(Bytes(&nonce), static_cast<int>(nonce.size())) != 1) {
    return absl::InternalError("cannot create a ticket: no random bytes");
  }
  const auto sealed = Crypt(true, key_, nonce, text, &tag);
  if (!sealed) return absl::InternalError("cannot create a ticket");
  std::string ticket =
      absl::WebSafeBase64Escape(absl::StrCat(nonce, tag, *sealed));
  if (ticket.size() > kMaxTicketBytes) {
    return absl::InvalidArgumentError(
        "the token's scopes, roles and claims are too large for a ticket");
  }

  MutexLock lock(&mu_);
  ForgetEnded(now);
  *retry_after = options_.lifetime;
  if (forget_live_.size() >= kMaxLive) {
    return absl::UnavailableError("too many tickets; retry later");
  }
  const auto account = accounts_.try_emplace(identity.subject).first;
  if (IsFull(account->second.live)) {
    return absl::ResourceExhaustedError(
        absl::StrCat("too many valid or recently used tickets of this user "
                     "(max_tickets_per_subject is ",
                     options_.max_per_subject, "); retry later"));
  }
  ++account->second.live;
  forget_live_.push_back({absl::ToUnixNanos(end), {}, &*account});
  return ticket;
}

std::optional<TicketBox::Opened> TicketBox::Open(
    absl::string_view ticket) const {
  if (ticket.size() > kMaxTicketBytes) return std::nullopt;
  const std::optional<std::string> bytes = DecodeBase64Url(ticket);
  if (!bytes || bytes->size() < kNonceBytes + kTagBytes) return std::nullopt;
  const std::string nonce = bytes->substr(0, kNonceBytes);
  std::string tag = bytes->substr(kNonceBytes, kTagBytes);
  const auto text =
      Crypt(false, key_, nonce,
            absl::string_view(*bytes).substr(kNonceBytes + kTagBytes), &tag);
  if (!text) return std::nullopt;

  Opened opened;
  int64_t end = 0, identity_expires = 0;
  absl::string_view in = *text;
  Identity& identity = opened.identity;
  if (!TakeNumber(&in, &end) || !TakeNumber(&in, &identity_expires) ||
      !TakeText(&in, &identity.subject) || !TakeText(&in, &identity.token_id) ||
      !TakeTexts(&in, &identity.scopes) || !TakeTexts(&in, &identity.roles) ||
      !TakeClaims(&in, &identity.claims) || !in.empty()) {
    return std::nullopt;
  }
  std::copy(nonce.begin(), nonce.end(), opened.nonce.begin());
  opened.end = ToTime(end);
  identity.expires = ToTime(identity_expires);
  return opened;
}

absl::StatusOr<Identity> TicketBox::Redeem(absl::string_view ticket,
                                           absl::Time now) {
  std::optional<Opened> opened = Open(ticket);
  if (!opened || now >= opened->end) return Refused();

  MutexLock lock(&mu_);
  ForgetEnded(now);
  if (used_.contains(opened->nonce)) return Refused();
  if (used_.size() >= kMaxUsed) {
    return absl::UnavailableError("too many tickets; retry later");
  }
  const auto account = accounts_.try_emplace(opened->identity.subject).first;
  // Tickets issued by other bridges are counted only when used.
  if (IsFull(account->second.used)) {
    return absl::ResourceExhaustedError(
        absl::StrCat("too many recently used tickets of this user "
                     "(max_tickets_per_subject is ",
                     options_.max_per_subject, "); retry later"));
  }
  NoteUsed(*opened, &*account);
  return std::move(opened->identity);
}

std::string TicketBox::Binding(absl::string_view ticket,
                               absl::string_view path) const {
  const std::string bytes = DecodeBase64Url(ticket).value_or("");
  // The nonce has a fixed length, so the concatenation is unambiguous.
  return absl::WebSafeBase64Escape(
      Mac(binding_key_, absl::StrCat(bytes.substr(0, kNonceBytes), path)));
}

absl::StatusOr<Identity> TicketBox::RedeemAgain(absl::string_view ticket,
                                                absl::string_view path,
                                                absl::string_view binding,
                                                absl::Time now) {
  std::optional<Opened> opened = Open(ticket);
  if (!opened || now >= opened->identity.expires) return Refused();
  const std::string right = Binding(ticket, path);
  if (binding.size() != right.size() ||
      CRYPTO_memcmp(binding.data(), right.data(), right.size()) != 0) {
    return Refused();
  }
  // It may have been used at another bridge; record the use here too.
  MutexLock lock(&mu_);
  ForgetEnded(now);
  if (now < opened->end && !used_.contains(opened->nonce) &&
      used_.size() < kMaxUsed) {
    const auto account = accounts_.try_emplace(opened->identity.subject).first;
    if (!IsFull(account->second.used)) NoteUsed(*opened, &*account);
  }
  return std::move(opened->identity);
}

void TicketBox::NoteUsed(const Opened& ticket, Accounts::pointer account) {
  ++account->second.used;
  used_.insert(ticket.nonce);
  forget_used_.push_back(
      {absl::ToUnixNanos(ticket.end), ticket.nonce, account});
}

// An entry may expire before one that was counted earlier; it is then removed
// together with that one, which is early enough.
void TicketBox::ForgetEnded(absl::Time now) {
  const int64_t now_ns = absl::ToUnixNanos(now);
  while (!forget_live_.empty() && forget_live_.front().end_ns <= now_ns) {
    const Accounts::pointer account = forget_live_.front().account;
    forget_live_.pop_front();
    --account->second.live;
    ForgetAccount(account);
  }
  while (!forget_used_.empty() && forget_used_.front().end_ns <= now_ns) {
    const Accounts::pointer account = forget_used_.front().account;
    used_.erase(forget_used_.front().nonce);
    forget_used_.pop_front();
    --account->second.used;
    ForgetAccount(account);
  }
}

void TicketBox::ForgetAccount(Accounts::pointer account) {
  if (account->second.live > 0 || account->second.used > 0) return;
  accounts_.erase(accounts_.find(account->first));
}

size_t TicketBox::used() const {
  MutexLock lock(&mu_);
  return used_.size();
}

size_t TicketBox::subjects() const {
  MutexLock lock(&mu_);
  return accounts_.size();
}

}  // namespace sse_bridge
