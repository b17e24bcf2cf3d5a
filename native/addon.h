// The addon: one file per kernel interface, one function per system call. No policy, no text for people.
// src/system/native.ts declares the same functions; a test compares the names.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

// Proof that glibc's fortified functions are in use in every file. The sizes that this code passes are all known to fit
// when it is compiled, so no call is checked at run time, and no symbol such as __read_chk shows it.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
static_assert(__USE_FORTIFY_LEVEL >= 2, "build with optimisation and -D_FORTIFY_SOURCE=2");
#endif

Napi::Value Borrow(const Napi::CallbackInfo& info);
Napi::Value Bpf(const Napi::CallbackInfo& info);
Napi::Value UnlimitMemlock(const Napi::CallbackInfo& info);
Napi::Value PidfdOpen(const Napi::CallbackInfo& info);
Napi::Value PidfdGetfd(const Napi::CallbackInfo& info);
Napi::Value Close(const Napi::CallbackInfo& info);
Napi::Value GetsockoptInt(const Napi::CallbackInfo& info);
Napi::Value GetsockoptU64(const Napi::CallbackInfo& info);
Napi::Value NetnsCookie(const Napi::CallbackInfo& info);
Napi::Value Getsockname(const Napi::CallbackInfo& info);
Napi::Value AttachReuseportCbpf(const Napi::CallbackInfo& info);
Napi::Value DetachReuseportBpf(const Napi::CallbackInfo& info);
Napi::Value Descriptors(const Napi::CallbackInfo& info);
Napi::Value SchedGetaffinity(const Napi::CallbackInfo& info);
Napi::Value SchedSetaffinity(const Napi::CallbackInfo& info);
Napi::Value NetlinkRequest(const Napi::CallbackInfo& info);
Napi::Value EthtoolIoctl(const Napi::CallbackInfo& info);
Napi::Value Execve(const Napi::CallbackInfo& info);
Napi::Value Setns(const Napi::CallbackInfo& info);
Napi::Value Unshare(const Napi::CallbackInfo& info);
Napi::Value Mount(const Napi::CallbackInfo& info);
Napi::Value Memfd(const Napi::CallbackInfo& info);
Napi::Value Listen(const Napi::CallbackInfo& info);
Napi::Value NetlinkJoin(const Napi::CallbackInfo& info);
Napi::Value FanotifyInit(const Napi::CallbackInfo& info);
Napi::Value FanotifyMark(const Napi::CallbackInfo& info);
Napi::Value SendDatagram(const Napi::CallbackInfo& info);
Napi::Value Flock(const Napi::CallbackInfo& info);
Napi::Value EpollCreate(const Napi::CallbackInfo& info);
Napi::Value EpollAdd(const Napi::CallbackInfo& info);
Napi::Value PerfHardware(const Napi::CallbackInfo& info);
Napi::Value PerfTracepoint(const Napi::CallbackInfo& info);
Napi::Value TrimMemory(const Napi::CallbackInfo& info);
Napi::Value ForgetCode(const Napi::CallbackInfo& info);

// Argument `index` as a 32-bit integer; otherwise a TypeError is pending and the result is false.
// Never wraps: a pid of 2^32 + 1 must not become pid 1.
bool IntArgument(const Napi::CallbackInfo& info, size_t index, int32_t* out);

// The string in argument `index`, without zero bytes (the kernel would stop reading there); otherwise a TypeError is
// pending.
bool TextArgument(const Napi::CallbackInfo& info, size_t index, std::string* out);

// A copy of the Uint8Array in argument `index`; otherwise a TypeError is pending.
bool BytesArgument(const Napi::CallbackInfo& info, size_t index, std::vector<uint8_t>* out);
