// Written by Scripts/embed-files. Do not edit.
#include "CEmbeddedFiles.h"

// A directive of C23 that clang has in every mode.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char file_0[] = {
#embed "files/migrations/sqlite-0001-initial.sql" if_empty(0)
};
static const unsigned char file_1[] = {
#embed "files/web/widget.js" if_empty(0)
};

static const struct embedded_file table[] = {
    {"migrations/sqlite-0001-initial.sql", file_0, sizeof file_0},
    {"web/widget.js", file_1, sizeof file_1},
};

const struct embedded_file *embedded_file_table(void) { return table; }
size_t embedded_file_count(void) { return sizeof table / sizeof table[0]; }
