// Written by Scripts/embed-files. Do not edit.
#include "CEmbeddedFiles.h"

// A directive of C23 that clang has in every mode.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char file_0[] = {
#embed "files/knowledge/en-01-what-is-chat-api.md" if_empty(0)
};
static const unsigned char file_1[] = {
#embed "files/knowledge/en-02-quick-start.md" if_empty(0)
};
static const unsigned char file_2[] = {
#embed "files/knowledge/en-03-human-handoff.md" if_empty(0)
};
static const unsigned char file_3[] = {
#embed "files/knowledge/en-04-when-ai-does-not-know.md" if_empty(0)
};
static const unsigned char file_4[] = {
#embed "files/knowledge/en-05-ai-providers.md" if_empty(0)
};
static const unsigned char file_5[] = {
#embed "files/knowledge/en-06-languages.md" if_empty(0)
};
static const unsigned char file_6[] = {
#embed "files/knowledge/en-07-data-storage.md" if_empty(0)
};
static const unsigned char file_7[] = {
#embed "files/knowledge/en-08-no-message-is-lost.md" if_empty(0)
};
static const unsigned char file_8[] = {
#embed "files/knowledge/en-09-widget.md" if_empty(0)
};
static const unsigned char file_9[] = {
#embed "files/knowledge/en-10-agent-console.md" if_empty(0)
};
static const unsigned char file_10[] = {
#embed "files/knowledge/en-11-http-and-websocket-api.md" if_empty(0)
};
static const unsigned char file_11[] = {
#embed "files/knowledge/en-12-webhooks.md" if_empty(0)
};
static const unsigned char file_12[] = {
#embed "files/knowledge/en-13-price-and-licence.md" if_empty(0)
};
static const unsigned char file_13[] = {
#embed "files/knowledge/en-14-privacy.md" if_empty(0)
};
static const unsigned char file_14[] = {
#embed "files/knowledge/en-15-first-admin.md" if_empty(0)
};
static const unsigned char file_15[] = {
#embed "files/knowledge/en-16-configuration.md" if_empty(0)
};
static const unsigned char file_16[] = {
#embed "files/knowledge/en-17-upgrade-and-backup.md" if_empty(0)
};
static const unsigned char file_17[] = {
#embed "files/knowledge/zh-01-what-is-chat-api.md" if_empty(0)
};
static const unsigned char file_18[] = {
#embed "files/knowledge/zh-02-quick-start.md" if_empty(0)
};
static const unsigned char file_19[] = {
#embed "files/knowledge/zh-03-human-handoff.md" if_empty(0)
};
static const unsigned char file_20[] = {
#embed "files/knowledge/zh-04-when-ai-does-not-know.md" if_empty(0)
};
static const unsigned char file_21[] = {
#embed "files/knowledge/zh-05-ai-providers.md" if_empty(0)
};
static const unsigned char file_22[] = {
#embed "files/knowledge/zh-06-languages.md" if_empty(0)
};
static const unsigned char file_23[] = {
#embed "files/knowledge/zh-07-data-storage.md" if_empty(0)
};
static const unsigned char file_24[] = {
#embed "files/knowledge/zh-08-no-message-is-lost.md" if_empty(0)
};
static const unsigned char file_25[] = {
#embed "files/knowledge/zh-09-widget.md" if_empty(0)
};
static const unsigned char file_26[] = {
#embed "files/knowledge/zh-10-agent-console.md" if_empty(0)
};
static const unsigned char file_27[] = {
#embed "files/knowledge/zh-11-http-and-websocket-api.md" if_empty(0)
};
static const unsigned char file_28[] = {
#embed "files/knowledge/zh-12-webhooks.md" if_empty(0)
};
static const unsigned char file_29[] = {
#embed "files/knowledge/zh-13-price-and-licence.md" if_empty(0)
};
static const unsigned char file_30[] = {
#embed "files/knowledge/zh-14-privacy.md" if_empty(0)
};
static const unsigned char file_31[] = {
#embed "files/knowledge/zh-15-first-admin.md" if_empty(0)
};
static const unsigned char file_32[] = {
#embed "files/knowledge/zh-16-configuration.md" if_empty(0)
};
static const unsigned char file_33[] = {
#embed "files/knowledge/zh-17-upgrade-and-backup.md" if_empty(0)
};
static const unsigned char file_34[] = {
#embed "files/migrations/mysql-0002-initial.sql" if_empty(0)
};
static const unsigned char file_35[] = {
#embed "files/migrations/mysql-0003-administration.sql" if_empty(0)
};
static const unsigned char file_36[] = {
#embed "files/migrations/mysql-0004-statistics.sql" if_empty(0)
};
static const unsigned char file_37[] = {
#embed "files/migrations/mysql-0005-lists-and-search.sql" if_empty(0)
};
static const unsigned char file_38[] = {
#embed "files/migrations/mysql-0006-assistant.sql" if_empty(0)
};
static const unsigned char file_39[] = {
#embed "files/migrations/sqlite-0001-initial.sql" if_empty(0)
};
static const unsigned char file_40[] = {
#embed "files/migrations/sqlite-0002-several-nodes.sql" if_empty(0)
};
static const unsigned char file_41[] = {
#embed "files/migrations/sqlite-0003-administration.sql" if_empty(0)
};
static const unsigned char file_42[] = {
#embed "files/migrations/sqlite-0004-statistics.sql" if_empty(0)
};
static const unsigned char file_43[] = {
#embed "files/migrations/sqlite-0005-lists-and-search.sql" if_empty(0)
};
static const unsigned char file_44[] = {
#embed "files/migrations/sqlite-0006-assistant.sql" if_empty(0)
};
static const unsigned char file_45[] = {
#embed "files/web/console.css" if_empty(0)
};
static const unsigned char file_46[] = {
#embed "files/web/console.html" if_empty(0)
};
static const unsigned char file_47[] = {
#embed "files/web/console.js" if_empty(0)
};
static const unsigned char file_48[] = {
#embed "files/web/console/account.js" if_empty(0)
};
static const unsigned char file_49[] = {
#embed "files/web/console/answer.js" if_empty(0)
};
static const unsigned char file_50[] = {
#embed "files/web/console/details.js" if_empty(0)
};
static const unsigned char file_51[] = {
#embed "files/web/console/dom.js" if_empty(0)
};
static const unsigned char file_52[] = {
#embed "files/web/console/files.js" if_empty(0)
};
static const unsigned char file_53[] = {
#embed "files/web/console/list.js" if_empty(0)
};
static const unsigned char file_54[] = {
#embed "files/web/console/outbox.js" if_empty(0)
};
static const unsigned char file_55[] = {
#embed "files/web/console/socket.js" if_empty(0)
};
static const unsigned char file_56[] = {
#embed "files/web/console/thread-view.js" if_empty(0)
};
static const unsigned char file_57[] = {
#embed "files/web/console/thread.js" if_empty(0)
};
static const unsigned char file_58[] = {
#embed "files/web/console/words.js" if_empty(0)
};
static const unsigned char file_59[] = {
#embed "files/web/docs.css" if_empty(0)
};
static const unsigned char file_60[] = {
#embed "files/web/docs.js" if_empty(0)
};
static const unsigned char file_61[] = {
#embed "files/web/icon.svg" if_empty(0)
};
static const unsigned char file_62[] = {
#embed "files/web/index.css" if_empty(0)
};
static const unsigned char file_63[] = {
#embed "files/web/index.html" if_empty(0)
};
static const unsigned char file_64[] = {
#embed "files/web/index.js" if_empty(0)
};
static const unsigned char file_65[] = {
#embed "files/web/widget.js" if_empty(0)
};

static const struct embedded_file table[] = {
    {"knowledge/en-01-what-is-chat-api.md", file_0, sizeof file_0},
    {"knowledge/en-02-quick-start.md", file_1, sizeof file_1},
    {"knowledge/en-03-human-handoff.md", file_2, sizeof file_2},
    {"knowledge/en-04-when-ai-does-not-know.md", file_3, sizeof file_3},
    {"knowledge/en-05-ai-providers.md", file_4, sizeof file_4},
    {"knowledge/en-06-languages.md", file_5, sizeof file_5},
    {"knowledge/en-07-data-storage.md", file_6, sizeof file_6},
    {"knowledge/en-08-no-message-is-lost.md", file_7, sizeof file_7},
    {"knowledge/en-09-widget.md", file_8, sizeof file_8},
    {"knowledge/en-10-agent-console.md", file_9, sizeof file_9},
    {"knowledge/en-11-http-and-websocket-api.md", file_10, sizeof file_10},
    {"knowledge/en-12-webhooks.md", file_11, sizeof file_11},
    {"knowledge/en-13-price-and-licence.md", file_12, sizeof file_12},
    {"knowledge/en-14-privacy.md", file_13, sizeof file_13},
    {"knowledge/en-15-first-admin.md", file_14, sizeof file_14},
    {"knowledge/en-16-configuration.md", file_15, sizeof file_15},
    {"knowledge/en-17-upgrade-and-backup.md", file_16, sizeof file_16},
    {"knowledge/zh-01-what-is-chat-api.md", file_17, sizeof file_17},
    {"knowledge/zh-02-quick-start.md", file_18, sizeof file_18},
    {"knowledge/zh-03-human-handoff.md", file_19, sizeof file_19},
    {"knowledge/zh-04-when-ai-does-not-know.md", file_20, sizeof file_20},
    {"knowledge/zh-05-ai-providers.md", file_21, sizeof file_21},
    {"knowledge/zh-06-languages.md", file_22, sizeof file_22},
    {"knowledge/zh-07-data-storage.md", file_23, sizeof file_23},
    {"knowledge/zh-08-no-message-is-lost.md", file_24, sizeof file_24},
    {"knowledge/zh-09-widget.md", file_25, sizeof file_25},
    {"knowledge/zh-10-agent-console.md", file_26, sizeof file_26},
    {"knowledge/zh-11-http-and-websocket-api.md", file_27, sizeof file_27},
    {"knowledge/zh-12-webhooks.md", file_28, sizeof file_28},
    {"knowledge/zh-13-price-and-licence.md", file_29, sizeof file_29},
    {"knowledge/zh-14-privacy.md", file_30, sizeof file_30},
    {"knowledge/zh-15-first-admin.md", file_31, sizeof file_31},
    {"knowledge/zh-16-configuration.md", file_32, sizeof file_32},
    {"knowledge/zh-17-upgrade-and-backup.md", file_33, sizeof file_33},
    {"migrations/mysql-0002-initial.sql", file_34, sizeof file_34},
    {"migrations/mysql-0003-administration.sql", file_35, sizeof file_35},
    {"migrations/mysql-0004-statistics.sql", file_36, sizeof file_36},
    {"migrations/mysql-0005-lists-and-search.sql", file_37, sizeof file_37},
    {"migrations/mysql-0006-assistant.sql", file_38, sizeof file_38},
    {"migrations/sqlite-0001-initial.sql", file_39, sizeof file_39},
    {"migrations/sqlite-0002-several-nodes.sql", file_40, sizeof file_40},
    {"migrations/sqlite-0003-administration.sql", file_41, sizeof file_41},
    {"migrations/sqlite-0004-statistics.sql", file_42, sizeof file_42},
    {"migrations/sqlite-0005-lists-and-search.sql", file_43, sizeof file_43},
    {"migrations/sqlite-0006-assistant.sql", file_44, sizeof file_44},
    {"web/console.css", file_45, sizeof file_45},
    {"web/console.html", file_46, sizeof file_46},
    {"web/console.js", file_47, sizeof file_47},
    {"web/console/account.js", file_48, sizeof file_48},
    {"web/console/answer.js", file_49, sizeof file_49},
    {"web/console/details.js", file_50, sizeof file_50},
    {"web/console/dom.js", file_51, sizeof file_51},
    {"web/console/files.js", file_52, sizeof file_52},
    {"web/console/list.js", file_53, sizeof file_53},
    {"web/console/outbox.js", file_54, sizeof file_54},
    {"web/console/socket.js", file_55, sizeof file_55},
    {"web/console/thread-view.js", file_56, sizeof file_56},
    {"web/console/thread.js", file_57, sizeof file_57},
    {"web/console/words.js", file_58, sizeof file_58},
    {"web/docs.css", file_59, sizeof file_59},
    {"web/docs.js", file_60, sizeof file_60},
    {"web/icon.svg", file_61, sizeof file_61},
    {"web/index.css", file_62, sizeof file_62},
    {"web/index.html", file_63, sizeof file_63},
    {"web/index.js", file_64, sizeof file_64},
    {"web/widget.js", file_65, sizeof file_65},
};

const struct embedded_file *embedded_file_table(void) { return table; }
size_t embedded_file_count(void) { return sizeof table / sizeof table[0]; }
