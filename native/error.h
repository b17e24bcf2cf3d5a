#pragma once

#include <napi.h>

// An Error like Node's own system errors: `code` "ESRCH", `errno` -3, `syscall`, and the message "pidfd_getfd: ESRCH,
// no such process".
Napi::Error SystemError(Napi::Env env, const char* syscall, int error);

// Throws SystemError for the current `errno`.
Napi::Value ThrowErrno(Napi::Env env, const char* syscall);

// Runs a system call that can sleep on libuv's thread pool; `Call` sets error_ (0 or an errno) and syscall_.
class AsyncCall : public Napi::AsyncWorker {
 public:
  explicit AsyncCall(Napi::Env env)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)) {}
  Napi::Promise Start();

 protected:
  virtual void Call() = 0;
  virtual Napi::Value Result() = 0;
  void Fail(const char* syscall);
  int error_ = 0;
  const char* syscall_ = "";

 private:
  void Execute() override { Call(); }
  void OnOK() override;
  Napi::Promise::Deferred deferred_;
};
