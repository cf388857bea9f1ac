/* SPDX-License-Identifier: GPL-3.0-or-later */
/* files.h - the files of a policy: those given, those they include, and the predefined ones */
#ifndef ATTLS_RULES_FILES_H
#define ATTLS_RULES_FILES_H

#include "rules/section.h"

/** files_load() - @path, a file or a directory of *.ini files, into @s */
void files_load(struct sources *s, const char *path, struct err_list *err);

/**
 * files_include() - load what the files of @s include, and what those do
 * [include] file = PATH, ...: a path is relative to the file that it stands in. A file that is
 * included several times is read once.
 */
void files_include(struct sources *s, struct err_list *err);

/** files_predefined() - the folder of the predefined rules; ATTLS_PREDEFINED names another */
const char *files_predefined(void);

#endif
