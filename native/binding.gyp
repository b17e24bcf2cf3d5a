{
  "targets": [
    {
      "target_name": "locality_tune",
      "sources": [
        "addon.cc",
        "affinity.cc",
        "borrow.cc",
        "bpf.cc",
        "datagram.cc",
        "descriptors.cc",
        "epoll.cc",
        "error.cc",
        "ethtool.cc",
        "exec.cc",
        "fanotify.cc",
        "flock.cc",
        "listen.cc",
        "memfd.cc",
        "memory.cc",
        "namespace.cc",
        "netlink.cc",
        "perf.cc",
        "pidfd.cc",
        "sockopt.cc"
      ],
      "include_dirs": ["../node_modules/node-addon-api"],
      "defines": ["NAPI_VERSION=9", "NAPI_DISABLE_CPP_EXCEPTIONS"],
      "cflags": [
        "-Wall",
        "-Wextra",
        "-O2",
        "-fstack-protector-strong",
        "-fstack-clash-protection",
        "-U_FORTIFY_SOURCE",
        "-D_FORTIFY_SOURCE=2"
      ],
      "cflags_cc!": ["-std=gnu++20", "-std=gnu++17"],
      "cflags_cc": ["-std=c++17", "-fvisibility=hidden"],
      "ldflags": ["-Wl,-s", "-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack"]
    }
  ]
}
