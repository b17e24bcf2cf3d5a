// getsockopt(2), getsockname(2), and the options that attach a program to a reuseport group and detach it.
#include <linux/filter.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "addon.h"
#include "error.h"

#ifndef SO_ATTACH_REUSEPORT_CBPF
#define SO_ATTACH_REUSEPORT_CBPF 51
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SO_DETACH_REUSEPORT_BPF
#define SO_DETACH_REUSEPORT_BPF 68
#endif

Napi::Value GetsockoptInt(const Napi::CallbackInfo& info) {
  int32_t fd, level, name;
  if (!IntArgument(info, 0, &fd) || !IntArgument(info, 1, &level) || !IntArgument(info, 2, &name)) {
    return info.Env().Undefined();
  }
  int value = 0;
  socklen_t size = sizeof value;
  if (getsockopt(fd, level, name, &value, &size) < 0) return ThrowErrno(info.Env(), "getsockopt");
  return Napi::Number::New(info.Env(), value);
}

Napi::Value GetsockoptU64(const Napi::CallbackInfo& info) {
  int32_t fd, level, name;
  if (!IntArgument(info, 0, &fd) || !IntArgument(info, 1, &level) || !IntArgument(info, 2, &name)) {
    return info.Env().Undefined();
  }
  uint64_t value = 0;
  socklen_t size = sizeof value;
  if (getsockopt(fd, level, name, &value, &size) < 0) return ThrowErrno(info.Env(), "getsockopt");
  return Napi::BigInt::New(info.Env(), value);
}

// The cookie of this thread's network namespace, from a socket that is created in it.
Napi::Value NetnsCookie(const Napi::CallbackInfo& info) {
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return ThrowErrno(info.Env(), "socket");
  uint64_t value = 0;
  socklen_t size = sizeof value;
  int result = getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &value, &size);
  int error = errno;
  close(fd);
  errno = error;
  if (result < 0) return ThrowErrno(info.Env(), "getsockopt");
  return Napi::BigInt::New(info.Env(), value);
}

Napi::Value Getsockname(const Napi::CallbackInfo& info) {
  int32_t fd;
  if (!IntArgument(info, 0, &fd)) return info.Env().Undefined();
  sockaddr_storage address;
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) < 0) {
    return ThrowErrno(info.Env(), "getsockname");
  }
  if (size > sizeof address) size = sizeof address;
  return Napi::Buffer<uint8_t>::Copy(info.Env(), reinterpret_cast<uint8_t*>(&address), size);
}

Napi::Value AttachReuseportCbpf(const Napi::CallbackInfo& info) {
  int32_t fd;
  std::vector<uint8_t> bytes;
  if (!IntArgument(info, 0, &fd) || !BytesArgument(info, 1, &bytes)) return info.Env().Undefined();
  // sock_fprog has a 16-bit length, so a longer program would become a different, short one.
  if (bytes.empty() || bytes.size() % sizeof(sock_filter) != 0 ||
      bytes.size() / sizeof(sock_filter) > UINT16_MAX) {
    errno = EINVAL;
    return ThrowErrno(info.Env(), "setsockopt");
  }
  std::vector<sock_filter> filter(bytes.size() / sizeof(sock_filter));
  std::memcpy(filter.data(), bytes.data(), bytes.size());
  sock_fprog program = {static_cast<unsigned short>(filter.size()), filter.data()};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) < 0) {
    return ThrowErrno(info.Env(), "setsockopt");
  }
  return info.Env().Undefined();
}

Napi::Value DetachReuseportBpf(const Napi::CallbackInfo& info) {
  int32_t fd;
  if (!IntArgument(info, 0, &fd)) return info.Env().Undefined();
  int unused = 0;
  if (setsockopt(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &unused, sizeof unused) < 0) {
    return ThrowErrno(info.Env(), "setsockopt");
  }
  return info.Env().Undefined();
}
