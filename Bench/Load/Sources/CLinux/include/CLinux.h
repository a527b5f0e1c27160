// The few calls of Linux that Swift's Glibc module does not offer.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifndef __linux__
#error "bench-load needs epoll: it runs on Linux only"
#endif

/// What happened to one watched file.
struct linux_event {
    void *_Nullable pointer;
    uint32_t mask;
};

enum {
    linux_readable = 0x001,
    linux_writable = 0x004,
    linux_failed = 0x008,
    linux_hung_up = 0x010,
};

/// A new epoll, or -1.
int linux_epoll(void);

/// Starts to watch a file for `mask`. 0, or -1 with errno.
int linux_watch(int epoll, int file, uint32_t mask, void *_Nullable pointer);

/// Changes what a watched file is watched for.
int linux_rewatch(int epoll, int file, uint32_t mask, void *_Nullable pointer);

/// Ends watching a file.
int linux_unwatch(int epoll, int file);

/// Waits at most `nanoseconds` for at most `limit` (and 512) events.
int linux_wait(int epoll, struct linux_event *_Nonnull events, int limit, int64_t nanoseconds);

/// Where `needle` first is in `bytes`, or null.
const void *_Nullable linux_find(
    const void *_Nonnull bytes, size_t count, const void *_Nonnull needle, size_t needle_count);

/// Lets timers of this thread end within a nanosecond instead of 50 microseconds.
void linux_precise_timers(void);

/// Lets connect() choose the port of a bound address, which then may be in use towards other servers.
int linux_bind_address_only(int file);

/// Accepts a connection that does not block. -1 if there is none.
int linux_accept(int listener);
