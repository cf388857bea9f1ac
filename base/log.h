/* SPDX-License-Identifier: GPL-3.0-or-later */
/* log.h - lines for the operator: four levels, to stderr or syslog; errno is preserved */
#ifndef ATTLS_BASE_LOG_H
#define ATTLS_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVELS };

enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG };

/** log_open() - where lines go and which; @ident is borrowed for good. Callable again. */
void log_open(const char *ident, enum log_target target, enum log_level level);

/** log_level_parse() - "error", "warning", "info", "debug". Return: false for another word. */
bool log_level_parse(const char *word, enum log_level *level);

/** log_wants() - whether a line of @level would be written (to spare the work of making it) */
bool log_wants(enum log_level level);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
