// Netlink: one transaction (a request, and all datagrams of its answer), and what is sent to multicast groups.
#include <linux/filter.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "addon.h"
#include "error.h"
#include "listen.h"

namespace {

// netlink_dump() fills at most 32 KiB per datagram, even if the reader offers more.
constexpr size_t kDatagram = 64 * 1024;
constexpr int kReceiveBuffer = 4 * 1024 * 1024;
constexpr timeval kTimeout = {5, 0};
constexpr int kOn = 1;
constexpr int kAttempts = 5;
// Datagrams that are read before another descriptor gets its turn.
constexpr int kTurn = 64;

enum class Answer { kMore, kComplete, kInterrupted, kFailed };

class NetlinkCall : public AsyncCall {
 public:
  NetlinkCall(Napi::Env env, int protocol, std::vector<uint8_t> request)
      : AsyncCall(env), protocol_(protocol), request_(std::move(request)) {}

 protected:
  void Call() override {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol_);
    if (fd < 0) return Fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
    // An error then comes with the kernel's reason in words, and without the request.
    for (int option : {NETLINK_CAP_ACK, NETLINK_EXT_ACK}) {
      setsockopt(fd, SOL_NETLINK, option, &kOn, sizeof kOn);
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kTimeout, sizeof kTimeout) < 0) {
      Fail("setsockopt");
    } else {
      Exchange(fd);
    }
    close(fd);
  }

  Napi::Value Result() override {
    return Napi::Buffer<uint8_t>::Copy(Env(), answer_.data(), answer_.size());
  }

 private:
  // A dump that changed while it was read (NLM_F_DUMP_INTR) is repeated, as the kernel advises.
  void Exchange(int fd) {
    for (int attempt = 0; attempt < kAttempts; attempt++) {
      answer_.clear();
      interrupted_ = false;
      sockaddr_nl kernel = {};
      kernel.nl_family = AF_NETLINK;
      if (sendto(fd, request_.data(), request_.size(), 0, reinterpret_cast<sockaddr*>(&kernel),
                 sizeof kernel) < 0) {
        return Fail("sendto");
      }
      Answer answer;
      do {
        answer = Receive(fd);
      } while (answer == Answer::kMore);
      if (answer != Answer::kInterrupted) return;
    }
    errno = EINTR;
    Fail("recvfrom");
  }

  Answer Receive(int fd) {
    size_t start = answer_.size();
    answer_.resize(start + kDatagram);
    sockaddr_nl from = {};
    socklen_t from_size = sizeof from;
    ssize_t size;
    do {
      size = recvfrom(fd, answer_.data() + start, kDatagram, MSG_TRUNC,
                      reinterpret_cast<sockaddr*>(&from), &from_size);
    } while (size < 0 && errno == EINTR);
    if (size > static_cast<ssize_t>(kDatagram)) {
      errno = EMSGSIZE;
      size = -1;
    } else if (size < 0 && errno == EAGAIN) {
      errno = ETIMEDOUT;
    }
    if (size < 0) {
      Fail("recvfrom");
      return Answer::kFailed;
    }
    // Other processes can send to our port; only port 0 is the kernel.
    answer_.resize(start + (from.nl_pid == 0 ? size : 0));
    return Scan(start);
  }

  // The answer ends with NLMSG_DONE or NLMSG_ERROR (an ACK is an error of 0), so the request must set a flag that
  // causes one of the two.
  Answer Scan(size_t at) {
    while (answer_.size() - at >= sizeof(nlmsghdr)) {
      nlmsghdr header;
      std::memcpy(&header, answer_.data() + at, sizeof header);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > answer_.size() - at) break;
      if (header.nlmsg_flags & NLM_F_DUMP_INTR) interrupted_ = true;
      if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
        return interrupted_ ? Answer::kInterrupted : Answer::kComplete;
      }
      size_t next = at + NLMSG_ALIGN(header.nlmsg_len);
      if (next > answer_.size()) break;
      at = next;
    }
    return Answer::kMore;
  }

  int protocol_;
  std::vector<uint8_t> request_;
  std::vector<uint8_t> answer_;
  bool interrupted_ = false;
};

}  // namespace

Napi::Value NetlinkRequest(const Napi::CallbackInfo& info) {
  int32_t protocol;
  std::vector<uint8_t> request;
  if (!IntArgument(info, 0, &protocol) || !BytesArgument(info, 1, &request)) {
    return info.Env().Undefined();
  }
  return (new NetlinkCall(info.Env(), protocol, std::move(request)))->Start();
}

// Other processes can send to our port; only port 0 is the kernel.
int ReadNetlink(int fd, const Deliver& deliver) {
  std::vector<uint8_t> datagram(kDatagram);
  for (int count = 0; count < kTurn; count++) {
    sockaddr_nl from = {};
    socklen_t from_size = sizeof from;
    ssize_t size;
    do {
      size = recvfrom(fd, datagram.data(), datagram.size(), MSG_TRUNC | MSG_DONTWAIT,
                      reinterpret_cast<sockaddr*>(&from), &from_size);
    } while (size < 0 && errno == EINTR);
    if (size < 0) return errno;
    // Not netlink: the end of a stream would be ready for ever.
    if (size == 0) return EIO;
    if (from.nl_pid != 0) continue;
    if (size > static_cast<ssize_t>(kDatagram)) return EMSGSIZE;
    if (!deliver({datagram.begin(), datagram.begin() + size})) return 0;
  }
  return 0;
}

// A socket that receives what is sent to these groups (an array of uint32_t) and passes `filter`, an array of
// sock_filter; empty: everything.
Napi::Value NetlinkJoin(const Napi::CallbackInfo& info) {
  int32_t protocol;
  std::vector<uint8_t> groups, bytes;
  if (!IntArgument(info, 0, &protocol) || !BytesArgument(info, 1, &groups) ||
      !BytesArgument(info, 2, &bytes)) {
    return info.Env().Undefined();
  }
  if (groups.size() % sizeof(uint32_t) != 0 || bytes.size() % sizeof(sock_filter) != 0 ||
      bytes.size() / sizeof(sock_filter) > UINT16_MAX) {
    errno = EINVAL;
    return ThrowErrno(info.Env(), "setsockopt");
  }
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
  if (fd < 0) return ThrowErrno(info.Env(), "socket");
  const char* failed = nullptr;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) < 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
  }
  std::vector<sock_filter> filter(bytes.size() / sizeof(sock_filter));
  if (!bytes.empty()) std::memcpy(filter.data(), bytes.data(), bytes.size());
  sock_fprog program = {static_cast<unsigned short>(filter.size()), filter.data()};
  sockaddr_nl own = {};
  own.nl_family = AF_NETLINK;
  // The filter comes first: nothing else is received even for a moment.
  if (!filter.empty() &&
      setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0) {
    failed = "setsockopt";
  } else if (bind(fd, reinterpret_cast<sockaddr*>(&own), sizeof own) < 0) {
    failed = "bind";
  }
  for (size_t at = 0; at < groups.size(); at += sizeof(uint32_t)) {
    uint32_t number;
    std::memcpy(&number, groups.data() + at, sizeof number);
    if (failed == nullptr && setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &number,
                                        sizeof number) < 0) {
      failed = "setsockopt";
    }
  }
  if (failed == nullptr) return Napi::Number::New(info.Env(), fd);
  int error = errno;
  close(fd);
  errno = error;
  return ThrowErrno(info.Env(), failed);
}
