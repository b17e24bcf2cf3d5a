// sendto(2) on an AF_UNIX datagram socket, which Node does not have.
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "addon.h"
#include "error.h"

namespace {
// Waits this long if the receiver's queue is full, then EAGAIN.
constexpr timeval kTimeout = {1, 0};
}  // namespace

// `address`: sun_path, beginning with a zero byte for an abstract one.
Napi::Value SendDatagram(const Napi::CallbackInfo& info) {
  std::vector<uint8_t> address, bytes;
  if (!BytesArgument(info, 0, &address) || !BytesArgument(info, 1, &bytes)) {
    return info.Env().Undefined();
  }
  sockaddr_un to = {};
  to.sun_family = AF_UNIX;
  if (address.empty() || address.size() > sizeof to.sun_path) {
    errno = address.empty() ? EINVAL : ENAMETOOLONG;
    return ThrowErrno(info.Env(), "sendto");
  }
  std::memcpy(to.sun_path, address.data(), address.size());
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return ThrowErrno(info.Env(), "socket");
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kTimeout, sizeof kTimeout);
  ssize_t sent = sendto(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL,
                        reinterpret_cast<sockaddr*>(&to),
                        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size()));
  int error = errno;
  close(fd);
  errno = error;
  if (sent < 0) return ThrowErrno(info.Env(), "sendto");
  return info.Env().Undefined();
}
