/* SPDX-License-Identifier: GPL-3.0-or-later */
/* log.c - lines for the operator: four levels, to stderr or syslog; errno is preserved */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", LOG_ERR},
	[LOG_LEVEL_WARNING] = {"warning", LOG_WARNING},
	[LOG_LEVEL_INFO] = {"info", LOG_INFO},
	[LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
};
_Static_assert(sizeof(levels) / sizeof(levels[0]) == LOG_LEVELS, "a name for each level");

static const char *log_ident = "attls";
static enum log_target log_where = LOG_TARGET_STDERR;
static enum log_level log_least = LOG_LEVEL_INFO;

void log_open(const char *ident, enum log_target target, enum log_level level)
{
	log_ident = ident;
	log_where = target;
	log_least = level;
	if (target == LOG_TARGET_SYSLOG)
		openlog(ident, LOG_PID, LOG_DAEMON);
}

bool log_level_parse(const char *word, enum log_level *level)
{
	for (size_t i = 0; i < LOG_LEVELS; i++) {
		if (strcmp(word, levels[i].name) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

bool log_wants(enum log_level level)
{
	return level <= log_least;
}

/* One write per line, so that lines of several threads do not mix. */
__attribute__((format(printf, 2, 0))) static void log_line(
	enum log_level level, const char *fmt, va_list ap)
{
	char line[2048];
	int saved = errno;
	int at, n;

	if (!log_wants(level))
		return;
	if (log_where == LOG_TARGET_SYSLOG) {
		vsyslog(levels[level].priority, fmt, ap);
		errno = saved;
		return;
	}
	at = level == LOG_LEVEL_INFO
		     ? snprintf(line, sizeof(line), "%s: ", log_ident)
		     : snprintf(line, sizeof(line), "%s: %s: ", log_ident, levels[level].name);
	errno = saved;
	n = vsnprintf(line + at, sizeof(line) - (size_t)at - 1, fmt, ap);
	at += n < (int)sizeof(line) - at - 1 ? n : (int)sizeof(line) - at - 2;
	line[at++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)at) < 0)
		(void)at; /* nobody to tell */
	errno = saved;
}

#define LOG_FUNCTION(name, level)                                                                  \
	void name(const char *fmt, ...)                                                            \
	{                                                                                          \
		va_list ap;                                                                        \
		va_start(ap, fmt);                                                                 \
		log_line(level, fmt, ap);                                                          \
		va_end(ap);                                                                        \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
