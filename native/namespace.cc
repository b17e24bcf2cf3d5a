// setns(2), unshare(2), mount(2) affect only the calling thread; execve(2) then ends all others.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "addon.h"
#include "error.h"

Napi::Value Setns(const Napi::CallbackInfo& info) {
  std::string path;
  int32_t type;
  if (!TextArgument(info, 0, &path) || !IntArgument(info, 1, &type)) return info.Env().Undefined();
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ThrowErrno(info.Env(), "open");
  int result = setns(fd, type);
  int error = errno;
  close(fd);
  errno = error;
  if (result < 0) return ThrowErrno(info.Env(), "setns");
  return info.Env().Undefined();
}

Napi::Value Unshare(const Napi::CallbackInfo& info) {
  int32_t flags;
  if (!IntArgument(info, 0, &flags)) return info.Env().Undefined();
  if (unshare(flags) < 0) return ThrowErrno(info.Env(), "unshare");
  return info.Env().Undefined();
}

Napi::Value Mount(const Napi::CallbackInfo& info) {
  std::string source, target, type;
  int32_t flags;
  if (!TextArgument(info, 0, &source) || !TextArgument(info, 1, &target) ||
      !TextArgument(info, 2, &type) || !IntArgument(info, 3, &flags)) {
    return info.Env().Undefined();
  }
  if (mount(source.c_str(), target.c_str(), type.c_str(), flags, nullptr) < 0) {
    return ThrowErrno(info.Env(), "mount");
  }
  return info.Env().Undefined();
}
