// Written by Scripts/embed-files. Do not edit.
#include "CEmbeddedFiles.h"

static const unsigned char file_0[] = {
#embed "files/migrations/0001_initial.sql" if_empty(0)
};

static const struct embedded_file table[] = {
    {"migrations/0001_initial.sql", file_0, sizeof file_0},
};

const struct embedded_file *embedded_file_table(void) { return table; }
size_t embedded_file_count(void) { return sizeof table / sizeof table[0]; }
