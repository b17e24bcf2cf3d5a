// perf_event_open(2): a counter of one event on one CPU. Its value is read with read(2).
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "addon.h"
#include "error.h"

// Arguments: the tracepoint's id, the CPU, a filter as in tracefs (empty: every hit). Counts from the moment of the
// return.
Napi::Value PerfTracepoint(const Napi::CallbackInfo& info) {
  int32_t id, cpu;
  std::string filter;
  if (!IntArgument(info, 0, &id) || !IntArgument(info, 1, &cpu) || !TextArgument(info, 2, &filter))
    return info.Env().Undefined();
  perf_event_attr attr = {};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_TRACEPOINT;
  attr.config = static_cast<uint32_t>(id);
  attr.disabled = 1;
  const long fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
  if (fd < 0) return ThrowErrno(info.Env(), "perf_event_open");
  const char* failed = nullptr;
  if (!filter.empty() && ioctl(fd, PERF_EVENT_IOC_SET_FILTER, filter.c_str()) < 0)
    failed = "PERF_EVENT_IOC_SET_FILTER";
  else if (ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
    failed = "PERF_EVENT_IOC_ENABLE";
  if (failed != nullptr) {
    const int error = errno;
    close(fd);
    errno = error;
    return ThrowErrno(info.Env(), failed);
  }
  return Napi::Number::New(info.Env(), static_cast<double>(fd));
}

// Arguments: PERF_COUNT_HW_*, the CPU. read(2) gives the value and the times for which it was enabled and counted, as
// uint64_t. Guests are left out: their cycles are not those of this machine's workers.
Napi::Value PerfHardware(const Napi::CallbackInfo& info) {
  int32_t event, cpu;
  if (!IntArgument(info, 0, &event) || !IntArgument(info, 1, &cpu)) return info.Env().Undefined();
  perf_event_attr attr = {};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_HARDWARE;
  attr.config = static_cast<uint32_t>(event);
  attr.exclude_guest = 1;
  attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  const long fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
  if (fd < 0) return ThrowErrno(info.Env(), "perf_event_open");
  return Napi::Number::New(info.Env(), static_cast<double>(fd));
}
