// pidfd_open(2), pidfd_getfd(2): duplicate a descriptor of another process (Linux 5.6).
#include <sys/syscall.h>
#include <unistd.h>

#include "addon.h"
#include "error.h"

// The C library's headers may be older than the kernel; both numbers are the same on every architecture.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

Napi::Value PidfdOpen(const Napi::CallbackInfo& info) {
  int32_t pid;
  if (!IntArgument(info, 0, &pid)) return info.Env().Undefined();
  long pidfd = syscall(SYS_pidfd_open, pid, 0);
  if (pidfd < 0) return ThrowErrno(info.Env(), "pidfd_open");
  return Napi::Number::New(info.Env(), static_cast<double>(pidfd));
}

Napi::Value PidfdGetfd(const Napi::CallbackInfo& info) {
  int32_t pidfd, fd;
  if (!IntArgument(info, 0, &pidfd) || !IntArgument(info, 1, &fd)) return info.Env().Undefined();
  long copy = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
  if (copy < 0) return ThrowErrno(info.Env(), "pidfd_getfd");
  return Napi::Number::New(info.Env(), static_cast<double>(copy));
}

Napi::Value Close(const Napi::CallbackInfo& info) {
  int32_t fd;
  if (!IntArgument(info, 0, &fd)) return info.Env().Undefined();
  if (close(fd) < 0) return ThrowErrno(info.Env(), "close");
  return info.Env().Undefined();
}
