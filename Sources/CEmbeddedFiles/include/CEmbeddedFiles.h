#pragma once
#include <stddef.h>

/// One file that was compiled into the binary.
struct embedded_file {
    /// Path below `files/`, with forward slashes.
    const char *path;
    const unsigned char *bytes;
    size_t length;
};

/// The table of every embedded file, sorted by path (byte order). Never freed.
const struct embedded_file *embedded_file_table(void);

/// How many entries `embedded_file_table` has.
size_t embedded_file_count(void);
