/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy_print.c - a compiled policy as INI that loads back to the same policy */
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "rules/visit.h"

/* Writes INI to @to. */
struct printer {
	struct visitor visitor;
	FILE *to;
	bool any; /* a section was there before */
};

static struct printer *printer_of(struct visitor *v)
{
	return (struct printer *)v;
}

static void print_section(
	struct visitor *v, const char *kind, const char *name, const struct ini_section *written)
{
	struct printer *p = printer_of(v);

	(void)written;
	fprintf(p->to, "%s[%s %s]\n", p->any ? "\n" : "", kind, name);
	p->any = true;
}

/* "key = value", quoted where the reader would take a part of the value for a comment. */
static void print_value(struct visitor *v, const char *key, const char *value)
{
	bool padded = *value == ' ' || *value == '\t' ||
		      (*value && strchr(" \t\\", value[strlen(value) - 1]));
	const char *quote = "";

	if (padded || strpbrk(value, "#;\"'"))
		quote = strchr(value, '"') ? "'" : "\"";
	if (strchr(value, '"') && strchr(value, '\''))
		quote = ""; /* can only have been written without quotes */
	fprintf(printer_of(v)->to, "%s = %s%s%s\n", key, quote, value, quote);
}

static struct printer printer_to(FILE *out)
{
	return (struct printer){
		.visitor = {.section = print_section, .value = print_value},
		.to = out,
	};
}

uint64_t action_digest(const struct action *a)
{
	static const struct siphash_key key; /* no secret: nobody gains by a collision */
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct printer p = printer_to(out);
	uint64_t digest;

	if (!out)
		abort();
	policy_visit_action(a, &p.visitor);
	fclose(out);
	digest = siphash(&key, span_of(text, len));
	free(text);
	return digest;
}

const char *action_digest_format(const struct action *a, char buf[ACTION_DIGEST_TEXT])
{
	snprintf(buf, ACTION_DIGEST_TEXT, "%016llx", (unsigned long long)a->digest);
	return buf;
}

void policy_print(const struct policy *p, FILE *out)
{
	struct printer printer = printer_to(out);

	policy_visit(p, &printer.visitor);
	if (printer.any)
		fputc('\n', out);
}
